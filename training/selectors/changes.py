"""Reads of what is new: from one training set to another, and since the live version."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from django.core.cache import cache
from django.db.models import Q

from training.bundles import Difference, compare_training_sets, examples_in
from training.bundles.renaming import current_name
from training.models import Intent, ModelVersion, Response, Synonym, TrainingSet
from training.selectors.data import intent_names, renamed_since, trained_on

A_DAY = 86_400


@dataclass(frozen=True)
class Changes:
    """How many examples are new, gone and under another intent; `renamed`: intents, whose examples did not move;
    `others`: responses, synonyms and other intents."""

    added: int
    removed: int
    moved: int
    others: int = 0
    renamed: int = 0

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.moved or self.others or self.renamed)

    @property
    def words(self) -> str:
        """`14 examples added, 2 removed, 1 response changed`; empty where nothing is new."""
        examples = [(self.added, "added"), (self.removed, "removed"), (self.moved, "moved to another intent")]
        parts = [f"{count} {what}" for count, what in examples if count]
        if parts:
            count, _, what = parts[0].partition(" ")
            parts[0] = f"{count} {'example' if count == '1' else 'examples'} {what}"
        if self.renamed:
            parts.append(f"{self.renamed} {'intent' if self.renamed == 1 else 'intents'} renamed")
        if self.others:
            kind = "response, intent or synonym" if self.others == 1 else "responses, intents or synonyms"
            parts.append(f"{self.others} {kind} changed")
        return ", ".join(parts)


def difference_between(left: ModelVersion, right: ModelVersion) -> Difference | None:
    """None where one was uploaded: nobody knows what it was trained on."""
    if left.training_set is None or right.training_set is None:
        return None
    return compare_training_sets(left.training_set, right.training_set)


def changes_of(versions: Iterable[ModelVersion]) -> dict[int, Changes]:
    """What is new in each against its parent, by version. Training sets never change: each pair is compared once."""
    rows = list(versions)
    pairs = {
        row.pk: (row.training_set.sha256, row.parent.training_set.sha256)
        for row in rows
        if row.training_set and row.parent and row.parent.training_set
    }
    known = cache.get_many([_key(*pair) for pair in pairs.values()])
    found = {}
    for row in rows:
        if row.pk in pairs:
            counts = known.get(_key(*pairs[row.pk])) or _counted(row)
            found[row.pk] = Changes(*counts)
    return found


def changes_since(version: ModelVersion) -> Changes | None:
    """What staff changed since the version's training was asked for. None: nobody knows what it was trained on."""
    if version.training_set is None:
        return None
    since = renamed_since(version)
    examples = _examples(version.training_set.sha256, version.training_set.pk)
    renamed = {change.new for change in since} & set(intent_names(version.bot))
    before = _intents_by_text((current_name(name, since), text) for name, text in examples)
    after = _intents_by_text(trained_on(version.bot).values_list("intent__name", "text"))
    both = before.keys() & after.keys()
    return Changes(
        len(after.keys() - both),
        len(before.keys() - both),
        sum(before[text] != after[text] for text in both),
        max(0, sum(_touched(kind, version) for kind in (Response, Synonym, Intent)) - len(renamed)),
        len(renamed),
    )


def _touched(kind: type[Response] | type[Synonym] | type[Intent], version: ModelVersion) -> int:
    since = version.created
    rows = kind._default_manager.filter(bot=version.bot_id, updated_by__isnull=False)
    return rows.filter(Q(updated__gt=since) | Q(deleted__gt=since)).count()


@lru_cache(maxsize=4)
def _examples(sha256: str, pk: int) -> list[tuple[str, str]]:
    return examples_in(TrainingSet.objects.get(pk=pk))


def _intents_by_text(pairs: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    found = defaultdict[str, set[str]](set)
    for intent, text in pairs:
        found[text].add(intent)
    return found


def _counted(row: ModelVersion) -> tuple[int, int, int]:
    assert row.training_set
    assert row.parent
    assert row.parent.training_set
    new = compare_training_sets(row.parent.training_set, row.training_set)
    counts = (len(new.added), len(new.removed), len(new.moved))
    cache.set(_key(row.training_set.sha256, row.parent.training_set.sha256), counts, A_DAY)
    return counts


def _key(one: str, other: str) -> str:
    return f"training-changes:{one}:{other}"
