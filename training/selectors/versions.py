"""Reads of versions: what is live, how each did on held-out messages, and what is new in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from django.core.cache import cache
from django.db.models import Q

from assistant.engine.normalisation import normalise
from training.bundles import Difference, bundle_of, compare_training_sets, examples_in, training_data_in
from training.bundles.renaming import current_name
from training.models import (
    MAIN,
    PRODUCTION,
    Bot,
    Environment,
    Evaluation,
    Example,
    Intent,
    ModelVersion,
    Response,
    Synonym,
    TrainingSet,
)
from training.selectors.examples import held_out, trained_on
from training.selectors.intents import intent_names, intents_renamed_since

A_DAY = 86_400  # seconds


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
            # Only the first says of what.
            count, _, what = parts[0].partition(" ")
            parts[0] = f"{count} {'example' if count == '1' else 'examples'} {what}"
        if self.renamed:
            parts.append(f"{self.renamed} {'intent' if self.renamed == 1 else 'intents'} renamed")
        if self.others:
            kind = "response, intent or synonym" if self.others == 1 else "responses, intents or synonyms"
            parts.append(f"{self.others} {kind} changed")
        return ", ".join(parts)


def production() -> Environment:
    """Where visitors are answered: the main bot's live environment, made on first use."""
    found = Environment.objects.filter(bot__name=MAIN, name=PRODUCTION).first()
    if found:
        return found
    bot, _ = Bot.objects.get_or_create(name=MAIN)
    return Environment.objects.get_or_create(bot=bot, name=PRODUCTION)[0]


def answering_version(bot: str) -> ModelVersion | None:
    """What is live in the bot's production, or else its newest version that is ready."""
    place = Environment.objects.filter(bot__name=bot, name=PRODUCTION).select_related("active_version").first()
    if place and place.active_version:
        return place.active_version
    return ModelVersion.objects.filter(bot__name=bot, status=ModelVersion.Status.READY).first()


def live_version(bot: Bot) -> ModelVersion | None:
    """What is live in the bot's production."""
    place = Environment.objects.filter(bot=bot, name=PRODUCTION).select_related("active_version__training_set").first()
    return place.active_version if place else None


def unseen_examples(version: ModelVersion) -> list[Example]:
    """The held-out messages that the version was not trained on. Of an upload nobody knows: all of them."""
    rows = held_out(version.bot)
    if not rows or version.training_set is None:
        return rows
    seen = {normalise(text) for _, text in examples_in(version.training_set)}
    return [example for example in rows if normalise(example.text) not in seen]


def is_fully_evaluated(version: ModelVersion) -> bool:
    """Whether nothing that is held out was added or changed since its newest evaluation."""
    newest = Evaluation.objects.filter(version=version, kind=Evaluation.Kind.HELD_OUT).order_by("-created").first()
    rows = Example.objects.filter(bot=version.bot_id, use=Example.Use.HELD_OUT, deleted=None)
    return newest is not None and not rows.filter(updated__gt=newest.created).exists()


def newest_evaluations(versions: Iterable[ModelVersion], kind: str) -> dict[int, Evaluation]:
    """By version; without their reports, which are large."""
    rows = Evaluation.objects.filter(version__in=list(versions), kind=kind).defer("report").order_by("created", "id")
    return {row.version_id: row for row in rows}


def changed_responses(left: ModelVersion, right: ModelVersion) -> frozenset[str]:
    """Names of responses whose variations are not the same in both. Empty where one was uploaded: nobody knows its."""
    if left.training_set is None or right.training_set is None:
        return frozenset()
    one, other = (training_data_in(bundle_of(it).files).responses for it in (left.training_set, right.training_set))
    return frozenset(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def difference_between(left: ModelVersion, right: ModelVersion) -> Difference | None:
    """None where one was uploaded: nobody knows what it was trained on."""
    if left.training_set is None or right.training_set is None:
        return None
    return compare_training_sets(left.training_set, right.training_set)


def changes_by_version(versions: Iterable[ModelVersion]) -> dict[int, Changes]:
    """What is new in each against its parent, by the version's id."""
    pairs = {
        row.pk: (row.training_set, row.parent.training_set)
        for row in versions
        if row.training_set and row.parent and row.parent.training_set
    }
    # Training sets never change: each pair is compared once.
    keys = {pk: f"training-changes:{one.sha256}:{other.sha256}" for pk, (one, other) in pairs.items()}
    known = cache.get_many(list(keys.values()))
    for pk, (one, other) in pairs.items():
        if keys[pk] not in known:
            new = compare_training_sets(other, one)
            known[keys[pk]] = (len(new.added), len(new.removed), len(new.moved))
            cache.set(keys[pk], known[keys[pk]], A_DAY)
    return {pk: Changes(*known[key]) for pk, key in keys.items()}


def changes_since(version: ModelVersion) -> Changes | None:
    """What staff changed since the version's training was requested. None: nobody knows what it was trained on."""
    if version.training_set is None:
        return None
    since = intents_renamed_since(version)
    examples = _examples_in(version.training_set.sha256, version.training_set.pk)
    # A renamed intent counts as such, not as examples that moved.
    renamed = {change.new for change in since} & set(intent_names(version.bot))
    before = _intents_by_text((current_name(name, since), text) for name, text in examples)
    after = _intents_by_text(trained_on(version.bot).values_list("intent__name", "text"))
    both = before.keys() & after.keys()
    edited = 0
    # What files brought has no `updated_by`, and is not staff's change.
    for kind in (Response, Synonym, Intent):
        rows = kind._default_manager.filter(bot=version.bot_id, updated_by__isnull=False)
        edited += rows.filter(Q(updated__gt=version.created) | Q(deleted__gt=version.created)).count()
    return Changes(
        added=len(after.keys() - both),
        removed=len(before.keys() - both),
        moved=sum(before[text] != after[text] for text in both),
        others=max(0, edited - len(renamed)),
        renamed=len(renamed),
    )


@lru_cache(maxsize=4)
def _examples_in(sha256: str, pk: int) -> list[tuple[str, str]]:
    """Unpacking takes as long as all else on the page. By content, as ids come again from test to test."""
    return examples_in(TrainingSet.objects.get(pk=pk))


def _intents_by_text(pairs: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    found = defaultdict[str, set[str]](set)
    for intent, text in pairs:
        found[text].add(intent)
    return found
