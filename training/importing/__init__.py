"""Takes a plain Rasa 3 project into a bot. Nothing of it is run."""

from training.importing.files import Notice, Project
from training.importing.projects import ImportRefused, import_project, read_project

__all__ = ["ImportRefused", "Notice", "Project", "import_project", "read_project"]
