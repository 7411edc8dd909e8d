"""What a child that is given PROJECT does first: check it, and end with the reason where Rasa must not see it.

To read YAML as Rasa does takes long: here it is held to the child's limits, and holds up no visitor's turn.
Nothing here imports Rasa.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from django.conf import settings

from assistant.engine.bundles import CONFIG, check_bundle, leave_out_duckling, read_bundle
from assistant.engine.errors import TrainingFailed


def main(project: Path) -> None:
    """Ends the process where the project is refused."""
    try:
        check_bundle(read_bundle(project))
    except TrainingFailed as error:
        sys.stdout.write(json.dumps({"error": error.message}) + "\n")
        sys.exit(1)
    if not settings.DUCKLING_URL:
        leave_out_duckling(project / CONFIG)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
