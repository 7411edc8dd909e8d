"""Reads of bots, their versions and what they are taught."""

from training.selectors.answers import changed_responses
from training.selectors.changes import Changes, changes_of, changes_since, difference_between
from training.selectors.data import (
    Near,
    entity_names,
    files_of,
    intent_names,
    intent_now,
    intents_by_text,
    intents_that_lost,
    near_examples,
    same_text,
)
from training.selectors.evaluations import held_out, newest_evaluations, unseen_by
from training.selectors.findings import findings_of
from training.selectors.jobs import claimable, jobs_before, queue
from training.selectors.versions import answering_version, live_version, production

__all__ = [
    "Changes",
    "Near",
    "answering_version",
    "changed_responses",
    "changes_of",
    "changes_since",
    "claimable",
    "difference_between",
    "entity_names",
    "files_of",
    "findings_of",
    "held_out",
    "intent_names",
    "intent_now",
    "intents_by_text",
    "intents_that_lost",
    "jobs_before",
    "live_version",
    "near_examples",
    "newest_evaluations",
    "production",
    "queue",
    "same_text",
    "unseen_by",
]
