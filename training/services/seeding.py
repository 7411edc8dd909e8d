"""What a bot's files teach, taken into rows that staff edit; and rows and files frozen into training sets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Model

from assistant.engine import TrainingFailed
from assistant.lib.database import write_transaction
from training.bundles import TrainingData, TrainingExample, build_bundle, build_training_set, training_data_in
from training.keys import alike_key, exact_key
from training.models import Bot, BotFile, Example, Intent, Response, Synonym, TrainingSet
from training.selectors.data import changes_of, files_of, taught_of
from training.services.locking import locked

LONGEST_NAME = 255
BATCH = 500
FROM_FILES = (Example.Origin.SKILL, Example.Origin.IMPORT)


def replace_files(*, bot: Bot, files: dict[str, str]) -> None:
    """The bot's project from now on: YAML texts by path."""
    with write_transaction():
        bot.files.all().delete()
        BotFile.objects.bulk_create(BotFile(bot=bot, path=path, text=text) for path, text in files.items())
        seed_bot(bot=bot)


def seed_bot(*, bot: Bot) -> bool:
    """Take in what is new in the bot's files since last time, and drop what they no longer have. What staff wrote,
    changed or deleted stays as they left it. Returns whether there was anything new."""
    try:
        files = files_of(bot).files
    except TrainingFailed:
        return False
    mark = hashlib.sha256(json.dumps(dict(files), sort_keys=True).encode()).hexdigest()
    if bot.taught == mark:
        return False
    with write_transaction():
        row = locked(bot)
        if row.taught != mark:
            origin = Example.Origin.IMPORT if bot.files.exists() else Example.Origin.SKILL
            _take_in(row, training_data_in(files, changes_of(row)), origin)
            Bot.objects.filter(pk=row.pk).update(taught=mark)
    bot.taught = mark
    return True


def training_set_of(*, bot: Bot) -> TrainingSet:
    """What the bot would be trained on now. The same content is the same row. Raises TrainingFailed."""
    files = files_of(bot).files
    seed_bot(bot=bot)
    with write_transaction():
        taught, changes = taught_of(locked(bot)), changes_of(bot)
    new = build_training_set(build_bundle(files, taught, changes), taught)
    fields = ("packed", "example_count", "intent_count")
    with write_transaction():
        found, _ = TrainingSet.objects.get_or_create(
            bot=bot, sha256=new.sha256, defaults={name: getattr(new, name) for name in fields}
        )
    return found


def _take_in(bot: Bot, taught: TrainingData, origin: str) -> None:
    intents = _intents(bot, taught)
    _examples(bot, intents, taught.examples, origin)
    _responses(bot, taught.responses)
    _synonyms(bot, taught.synonyms)
    gone = bot.intents.filter(updated_by=None, revision=1, deleted=None).exclude(name__in=list(taught.intents))
    gone.exclude(examples__deleted=None, examples__isnull=False).delete()


def _intents(bot: Bot, taught: TrainingData) -> dict[str, Intent]:
    """All that are alive, by name."""
    there = {row.name for row in bot.intents.filter(deleted=None)}
    new = [name for name in taught.intents if name not in there and len(name) <= LONGEST_NAME]
    Intent.objects.bulk_create([Intent(bot=bot, name=name) for name in new], batch_size=BATCH)
    return {row.name: row for row in bot.intents.filter(deleted=None)}


def _examples(bot: Bot, intents: Mapping[str, Intent], wanted: Iterable[TrainingExample], origin: str) -> None:
    by_key = {(intents[it.intent].pk, exact_key(it.text)): it for it in wanted if it.intent in intents}
    rows = list(bot.examples.defer("vector"))
    there = {(row.intent_id, row.exact) for row in rows}
    untouched = [
        row for row in rows if _is_untouched(row) and row.origin in (Example.Origin.SKILL, Example.Origin.IMPORT)
    ]
    _drop(Example, [row.pk for row in untouched if (row.intent_id, row.exact) not in by_key])
    changed = [row for row in untouched if _is_changed(row, by_key.get((row.intent_id, row.exact)))]
    Example.objects.bulk_update(changed, ["entities", "metadata"], batch_size=BATCH)
    new = [_new(bot, key, it, origin) for key, it in by_key.items() if key not in there]
    Example.objects.bulk_create(new, batch_size=BATCH)


def _new(bot: Bot, key: tuple[int, str], it: TrainingExample, origin: str) -> Example:
    intent, exact = key
    return Example(
        bot=bot,
        intent_id=intent,
        text=it.text,
        exact=exact,
        alike=alike_key(it.text),
        entities=list(it.entities),
        metadata=it.metadata,
        origin=origin,
        source=_source(it.source, origin)[:100],
    )


def _is_changed(row: Example, it: TrainingExample | None) -> bool:
    """The row takes over what is different."""
    if it is None or (row.entities == list(it.entities) and row.metadata == it.metadata):
        return False
    row.entities, row.metadata = list(it.entities), it.metadata
    return True


def _responses(bot: Bot, wanted: Mapping[str, list[dict[str, Any]]]) -> None:
    rows = {row.name: row for row in bot.responses.order_by("deleted")}
    ours = [row for row in rows.values() if not row.edited and row.deleted is None]
    _drop(Response, [row.pk for row in ours if row.name not in wanted])
    changed = [row for row in ours if row.name in wanted and row.variations != wanted[row.name]]
    for row in changed:
        row.variations, row.revision = wanted[row.name], row.revision + 1
    Response.objects.bulk_update(changed, ["variations", "revision"], batch_size=BATCH)
    new = [name for name in wanted if name not in rows and len(name) <= LONGEST_NAME]
    Response.objects.bulk_create([Response(bot=bot, name=name, variations=wanted[name]) for name in new], BATCH)


def _synonyms(bot: Bot, wanted: Mapping[str, str]) -> None:
    rows = {row.text: row for row in bot.synonyms.order_by("deleted")}
    ours = [row for row in rows.values() if _is_untouched(row)]
    _drop(Synonym, [row.pk for row in ours if wanted.get(row.text) != row.value])
    gone = {row.text for row in ours if wanted.get(row.text) != row.value}
    new = {text: value for text, value in wanted.items() if text not in rows or text in gone}
    fitting = {text: value for text, value in new.items() if max(len(text), len(value)) <= LONGEST_NAME}
    Synonym.objects.bulk_create([Synonym(bot=bot, text=text, value=value) for text, value in fitting.items()], BATCH)


def _is_untouched(row: Example | Synonym) -> bool:
    return row.deleted is None and row.updated_by_id is None and row.revision == 1


def _source(path: str, origin: str) -> str:
    """The skill's name, or the file's."""
    return path.removeprefix("data/").partition("-")[0] if origin == Example.Origin.SKILL else path


def _drop(model: type[Model], ids: list[int]) -> None:
    """For good: what staff delete is marked instead, so that it does not come again."""
    for start in range(0, len(ids), BATCH):
        model._default_manager.filter(pk__in=ids[start : start + BATCH]).delete()
