"""What happens to jobs and training data, for upper apps that want to know."""

from django.dispatch import Signal

job_queued = Signal()
"""A job waits for a worker. Sent after the commit. Arguments: `job_id: int`."""

intent_renamed = Signal()
"""An intent has another name, its own or that of the one it was merged into. Sent in the transaction of the change.
Arguments: `bot: Bot`, `old: str`, `new: str`."""

merge_undone = Signal()
"""An intent is back with its examples. Sent in the transaction of the change. Arguments: `bot: Bot`, `intent: Intent`,
`was: str`, the name of the one that had them meanwhile."""
