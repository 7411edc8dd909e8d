from __future__ import annotations

from assistant.lib.errors import FrontdeskError


class BackupError(FrontdeskError):
    """A sentence for the operator. Nothing was changed."""

    code = "backup"
