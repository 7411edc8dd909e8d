"""Reads of versions: what is live, how each did on held-out messages, and what is new in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.core.cache import cache
from django.db.models import Q

from assistant.engine.normalisation import normalise
from training.bundles import (
    OUR_FILE,
    Difference,
    RenamedIntent,
    TrainingData,
    answers_in,
    answers_to_train,
    bundle_of,
    compare_training_sets,
    data_in,
    examples_in,
    responses_to_train,
    training_data_in,
)
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
from training.selectors.training_data import data_without_examples

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
    """What is different from what the version was trained on. None: nobody knows what that was."""
    if version.training_set is None:
        return None
    since = intents_renamed_since(version)
    examples = _examples_in(version.training_set.sha256, version.training_set.pk)
    before = _intents_by_text((current_name(name, since), text) for name, text in examples)
    after = _intents_by_text(trained_on(version.bot).values_list("intent__name", "text"))
    both = before.keys() & after.keys()
    return Changes(
        added=len(after.keys() - both),
        removed=len(before.keys() - both),
        moved=sum(before[text] != after[text] for text in both),
        others=_other_changes(version, version.training_set, since),
        renamed=len({change.new for change in since} & set(intent_names(version.bot))),
    )


def _other_changes(version: ModelVersion, trained: TrainingSet, renamed: Sequence[RenamedIntent]) -> int:
    """Responses, synonyms and intents that staff wrote since and that are not as they were. Only what they wrote is
    compared: reading all of the training set takes longer than the rest of the page."""
    names = {}
    for kind, key in ((Response, "name"), (Synonym, "text"), (Intent, "name")):
        rows = kind._default_manager.filter(bot=version.bot_id, updated_by__isnull=False)
        edited = rows.filter(Q(updated__gt=version.created) | Q(deleted__gt=version.created))
        names[kind] = set(edited.values_list(key, flat=True))
    if not any(names.values()):
        return 0
    before, after = _data_in(trained.sha256, trained.pk), data_without_examples(version.bot)
    own_file = dict(version.bot.files.filter(path=OUR_FILE).values_list("path", "text"))
    answers = {**answers_in(own_file), **answers_to_train(after)}
    old = {current_name(name, renamed): answer for name, answer in before.intents.items()}
    families = {name.partition("/")[0] for name in old}  # of a retrieval intent without examples only that is trained
    new = {name: answers.get(name, "") for name in after.intents}
    old |= {name: "" for name in new.keys() - old.keys() if name.partition("/")[0] in families and "/" in name}
    responses = responses_to_train(after)
    return (
        sum(before.responses.get(name) != responses.get(name) for name in names[Response])
        + sum(before.synonyms.get(text) != after.synonyms.get(text) for text in names[Synonym])
        + sum(old.get(name) != new.get(name) for name in names[Intent])
    )


@lru_cache(maxsize=4)
def _examples_in(sha256: str, pk: int) -> list[tuple[str, str]]:
    """Unpacking takes as long as all else on the page. By content, as ids come again from test to test."""
    return examples_in(TrainingSet.objects.get(pk=pk))


@lru_cache(maxsize=2)
def _data_in(sha256: str, pk: int) -> TrainingData:
    """The same for what is no example."""
    data = data_in(TrainingSet.objects.get(pk=pk))
    data.examples = []  # read, and not needed
    return data


def _intents_by_text(pairs: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    found = defaultdict[str, set[str]](set)
    for intent, text in pairs:
        found[text].add(intent)
    return found
