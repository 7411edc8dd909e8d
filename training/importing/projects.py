"""Takes a plain Rasa 3 project into a bot: its YAML, and a word on everything that does not come along or stands in
the way of training."""

from __future__ import annotations

from pathlib import Path

from django.core.exceptions import ValidationError

from assistant.lib.database import write_transaction
from assistant.lib.errors import FrontdeskError
from training.bundles.limits import too_long_examples
from training.bundles.yaml_documents import Document, UnreadableYaml, read_document
from training.importing.checks import check_actions, check_config, check_file, summary_of
from training.importing.default_pipeline import CONFIG, default_config_for
from training.importing.files import Project, TooLarge, read_files
from training.models import Bot
from training.services import replace_files


class ImportRefused(FrontdeskError):
    code = "import_refused"


def import_project(*, bot: str, folder: Path, default_pipeline: bool = False) -> tuple[Bot, Project]:
    """The folder's project takes the place of the bot's files. Raises ImportRefused, with nothing changed."""
    try:
        Bot(name=bot).clean_fields()
    except ValidationError as error:
        raise ImportRefused(f"{bot!r} can't be a bot's name. {' '.join(error.messages)}") from None
    project = read_project(folder, default_pipeline=default_pipeline)
    with write_transaction():
        row, _ = Bot.objects.get_or_create(name=bot)
        replace_files(bot=row, files=project.files)
    return row, project


def read_project(folder: Path, *, default_pipeline: bool = False) -> Project:
    """The files that can be taken in, and notices of all others. Raises ImportRefused."""
    if not folder.is_dir():
        raise ImportRefused(f"{folder} is not a folder.")
    try:
        project, python = read_files(folder.resolve())
    except (TooLarge, OSError) as error:
        raise ImportRefused(str(error)) from None
    if not project.files:
        raise ImportRefused(f"{folder} holds no Rasa project: no config.yml, domain.yml or data/ that can be read.")
    if default_pipeline:
        project.files[CONFIG] = default_config_for(project.files)
        project.notice(CONFIG, "its pipeline is the starter's now, which selects no responses for retrieval intents")
    documents = _readable_documents(project)
    check_config(project, documents)
    for path, document in documents.items():
        check_file(project, path, document)
        project.summaries[path] = summary_of(document)
        if any(too_long_examples(document)):  # an example is at most as long as a message
            del project.files[path]
    check_actions(project, documents, python)
    return project


def _readable_documents(project: Project) -> dict[str, Document]:
    """Takes files that can't be read out of the project."""
    documents = {}
    for path, text in list(project.files.items()):
        try:
            documents[path] = read_document(text)
        except UnreadableYaml as error:
            del project.files[path]
            project.notice(path, f"left out: {error.message}", error.line, blocks=True)
    return documents
