"""Reads of what a version can be asked, and how it did."""

from __future__ import annotations

from collections.abc import Iterable

from assistant.engine.normalisation import normalise
from training.bundles import examples_in
from training.models import Bot, Evaluation, Example, ModelVersion


def held_out(bot: Bot) -> list[Example]:
    rows = Example.objects.filter(bot=bot, use=Example.Use.HELD_OUT, deleted=None, intent__deleted=None)
    return list(rows.select_related("intent").order_by("id"))


def unseen_by(version: ModelVersion) -> list[Example]:
    """The held-out messages that the version does not know by heart. Of an upload nobody knows: all of them."""
    rows = held_out(version.bot)
    if not rows or version.training_set is None:
        return rows
    seen = {normalise(text) for _, text in examples_in(version.training_set)}
    return [example for example in rows if normalise(example.text) not in seen]


def was_asked_all(version: ModelVersion) -> bool:
    """Whether nothing that is held out was added or changed since its newest evaluation."""
    newest = Evaluation.objects.filter(version=version, kind=Evaluation.Kind.HELD_OUT).order_by("-created").first()
    rows = Example.objects.filter(bot=version.bot_id, use=Example.Use.HELD_OUT, deleted=None)
    return newest is not None and not rows.filter(updated__gt=newest.created).exists()


def examples_behind(bot: Bot, texts: Iterable[str]) -> dict[str, int]:
    """The examples that are still there, by text. Where two intents have it, the held-out one."""
    rows = Example.objects.filter(bot=bot, text__in=set(texts), deleted=None, intent__deleted=None)
    return dict(rows.order_by("-use").values_list("text", "pk"))


def newest_evaluations(versions: Iterable[ModelVersion], kind: str) -> dict[int, Evaluation]:
    """By version; without their reports, which are large."""
    rows = Evaluation.objects.filter(version__in=list(versions), kind=kind).defer("report").order_by("created", "id")
    return {row.version_id: row for row in rows}
