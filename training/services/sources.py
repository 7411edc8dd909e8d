"""Examples whose conversation is gone stay, but say no more where they came from."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_

from django.db.models import Q

from assistant.lib.database import write_transaction
from training.models import Example


def forget_sources(*, conversations: Sequence[str]) -> int:
    """`conversations`: public ids. The example's `source` is the id of its message, `<public id>#<seq>`."""
    if not conversations:
        return 0
    theirs = reduce(or_, (Q(source__startswith=f"{public_id}#") for public_id in conversations))
    with write_transaction():
        return Example.objects.filter(theirs, origin=Example.Origin.REVIEW).update(source="")
