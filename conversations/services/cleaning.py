"""What of conversations is not needed any more."""

from __future__ import annotations

import time

from assistant.lib.cleanup import kept_since, key_batches, register_cleanup
from assistant.lib.database import write_transaction
from conversations.models import Replay, ReplayedTurn
from training.models import Job
from training.selectors.jobs import TO_DO


@register_cleanup("replays")
def clean_replays(until: float) -> int:
    """With the jobs that made them. The turns go first, a few at a time: there may be thousands."""
    since = kept_since("KEEP_REPLAYS_DAYS")
    if since is None:
        return 0
    gone = 0
    over = Replay.objects.filter(created__lt=since).exclude(job__status__in=TO_DO)
    for replay in over.order_by("pk")[:200]:
        for keys in key_batches(ReplayedTurn.objects.filter(replay=replay), until):
            with write_transaction():
                ReplayedTurn.objects.filter(pk__in=keys).delete()
        if time.monotonic() >= until:
            break
        with write_transaction():
            gone += Replay.objects.filter(pk=replay.pk).delete()[1].get("conversations.Replay", 0)
            Job.objects.filter(pk__in=[replay.job_id]).delete()
    return gone
