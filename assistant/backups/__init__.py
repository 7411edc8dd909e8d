"""Backups: one file that holds all that an installation can't make anew, and the way back.

The file is a plain tar: `database.sqlite3`, or a member for each table of PostgreSQL; the models; at the end
`manifest.json`, which says what is in it and by which hash. A file without a manifest was broken off.
"""

from assistant.backups.archives import BackupError
from assistant.backups.backup import make_backup
from assistant.backups.restore import restore_backup

__all__ = ["BackupError", "make_backup", "restore_backup"]
