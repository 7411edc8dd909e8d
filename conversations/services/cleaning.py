"""What of conversations is not needed any more."""

from __future__ import annotations

import time

from assistant.lib.cleaning import batches, cleans, kept_since
from assistant.lib.database import writing
from conversations.models import Replay, ReplayedTurn
from training.models import Job
from training.selectors.jobs import TO_DO


@cleans("replays")
def clean_replays(until: float) -> int:
    """With the jobs that made them. The turns go first, a few at a time: there may be thousands."""
    since = kept_since("KEEP_REPLAYS_DAYS")
    if since is None:
        return 0
    gone = 0
    over = Replay.objects.filter(created__lt=since).exclude(job__status__in=TO_DO)
    for replay in over.order_by("pk")[:200]:
        for keys in batches(ReplayedTurn.objects.filter(replay=replay), until):
            with writing():
                ReplayedTurn.objects.filter(pk__in=keys).delete()
        if time.monotonic() >= until:
            break
        with writing():
            gone += Replay.objects.filter(pk=replay.pk).delete()[1].get("conversations.Replay", 0)
            Job.objects.filter(pk__in=[replay.job_id]).delete()
    return gone
