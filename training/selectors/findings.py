"""Reads of what is wrong with a bot's training data now."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Max, QuerySet

from training.bundles.limits import endless_regexes_in
from training.bundles.renaming import current_name
from training.findings import CheckedData, CheckedExample, Finding, findings_in
from training.models import Bot, Evaluation, Example
from training.selectors.examples import examples_of, stored_embeddings
from training.selectors.intents import intent_changes_of, intent_names, intents_renamed_since
from training.selectors.training_data import is_named_in_code, pipeline_of, usage_of

A_DAY = 86_400  # seconds


def findings_of(bot: Bot) -> list[Finding]:
    """Worked out anew only where something that they are made from has changed."""
    tables = (bot.examples, bot.intents, bot.responses, bot.synonyms)
    evaluation = newest_cross_validation(bot)
    parts = [
        [rows.aggregate(Count("id"), Max("updated"), Max("deleted")) for rows in tables],
        missing_embeddings(bot),
        evaluation and evaluation.pk,
        intent_changes_of(bot),
        Bot.objects.get(pk=bot.pk).files_hash,  # as it is now, whatever the caller has
    ]
    key, fingerprint = f"findings:{bot.pk}", hashlib.sha256(repr(parts).encode()).hexdigest()
    kept = cache.get(key)
    if kept and kept[0] == fingerprint:
        return list(kept[1])
    found = findings_in(_checked_data(bot))
    cache.set(key, (fingerprint, found), timeout=A_DAY)
    return found


def newest_cross_validation(bot: Bot) -> Evaluation | None:
    """Of whichever version: it says which examples a model of the others takes for something else."""
    of_bot = Evaluation.objects.filter(version__bot=bot, kind=Evaluation.Kind.CROSS_VALIDATION)
    return of_bot.select_related("version__bot").order_by("-created", "-id").first()


def f1_of(evaluation: Evaluation | None) -> dict[str, float]:
    """F1 by intent, by the name that each has now."""
    if evaluation is None:
        return {}
    renamed = intents_renamed_since(evaluation.version)
    rows = [row for row in evaluation.report.get("intents", []) if row.get("f1") and row.get("support")]
    return {current_name(str(row["name"]), renamed): float(row["f1"][0]) for row in rows}


def errors_of(evaluation: Evaluation | None) -> list[dict[str, Any]]:
    """The wrong guesses, by the names that the intents have now."""
    if evaluation is None:
        return []
    renamed = intents_renamed_since(evaluation.version)
    return [
        {**error, **{key: current_name(str(error[key]), renamed) for key in ("right", "guessed")}}
        for error in evaluation.report.get("errors", [])
    ]


def missing_embeddings(bot: Bot) -> int:
    """How many examples have none yet: near texts of these are not found."""
    return _trained(bot).filter(vector=None).count()


def _checked_data(bot: Bot) -> CheckedData:
    """All that the checks look at. They are pure, so that what they find is a function of this."""
    usage, evaluation = usage_of(bot), newest_cross_validation(bot)
    ours = dict(bot.intents.filter(deleted=None).exclude(answer="").values_list("name", "answer"))
    responses = list(bot.responses.filter(deleted=None).values_list("name", flat=True))
    ids, vectors = stored_embeddings(bot)
    pipeline = pipeline_of(bot)
    slot_fillers = _slot_fillers(bot, usage.filling)
    return CheckedData(
        rows=[
            CheckedExample(*row)
            for row in _trained(bot).values_list("id", "intent__name", "text", "alike", "confirmed")
        ],
        intents=intent_names(bot),
        responses=responses,
        answered=frozenset({*ours, *usage.answers, *usage.named, *usage.filling, *slot_fillers}),
        asked=frozenset(usage.named),
        said=frozenset({*ours.values(), *usage.actions, *filter(is_named_in_code, responses)}),
        f1=f1_of(evaluation),
        errors=errors_of(evaluation),
        # Of entities and synonyms only what the pipeline does not learn is a finding.
        marked=0 if pipeline.learns_entities else _trained(bot).exclude(entities=[]).count(),
        synonyms=0 if pipeline.maps_synonyms else bot.synonyms.filter(deleted=None).count(),
        endless=endless_regexes_in(dict(bot.files.values_list("path", "text"))),
        ids=ids,
        vectors=vectors,
    )


def _slot_fillers(bot: Bot, filling: frozenset[str]) -> set[str]:
    """Intents of which most examples have entities that fill slots: forms ask for those, whatever the intent."""
    marked, all_of = Counter[str](), Counter[str]()
    for name, entities in examples_of(bot).values_list("intent__name", "entities") if filling else ():
        all_of[name] += 1
        marked[name] += any(entity["entity"] in filling for entity in entities)
    return {name for name, count in marked.items() if 2 * count > all_of[name]}


def _trained(bot: Bot) -> QuerySet[Example]:
    return examples_of(bot).filter(use=Example.Use.TRAINING)
