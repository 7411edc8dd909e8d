"""What happens in the queue, for whoever wants to know."""

from django.dispatch import Signal

job_asked = Signal()
"""A job waits for a worker. Sent after the commit. Arguments: `job_id: int`."""
