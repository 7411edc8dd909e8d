"""Writes to bots: their files, and what these bring in as training data.

What staff wrote, changed or deleted stays as they left it. A row that nobody touched follows the files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Model

from assistant.engine import TrainingFailed
from assistant.lib.database import write_transaction
from training.bundles import TrainingData, TrainingExample, build_bundle, build_training_set, training_data_in
from training.models import Bot, BotFile, Example, Intent, Response, Synonym, TrainingSet
from training.selectors.intents import intent_changes_of
from training.selectors.training_data import files_of, training_data_of
from training.text_keys import alike_key, exact_key

LONGEST_NAME = 255  # what is longer does not fit its column, and is left to the files
BATCH = 500  # rows in one statement
FROM_FILES = (Example.Origin.SKILL, Example.Origin.IMPORT)


def lock_bot(bot: Bot) -> Bot:
    """The bot's row, locked until the transaction ends: one writer of its data at a time, and what is read under the
    lock fits together. Rows that only name the bot are written meanwhile. Called in `write_transaction()`."""
    return Bot.objects.select_for_update(no_key=True).get(pk=bot.pk)


def replace_files(*, bot: Bot, files: dict[str, str]) -> None:
    """The bot's project from now on: YAML texts by path."""
    with write_transaction():
        bot.files.all().delete()
        BotFile.objects.bulk_create(BotFile(bot=bot, path=path, text=text) for path, text in files.items())
        sync_with_files(bot=bot)


def sync_with_files(*, bot: Bot) -> bool:
    """Take in what is new in the bot's files since last time, and drop what they no longer have. Returns whether there
    was anything new."""
    try:
        files = files_of(bot).files
    except TrainingFailed:
        return False
    files_hash = hashlib.sha256(json.dumps(dict(files), sort_keys=True).encode()).hexdigest()
    if bot.files_hash == files_hash:
        return False
    with write_transaction():
        row = lock_bot(bot)
        if row.files_hash != files_hash:  # no other process was quicker
            _sync_rows(row, training_data_in(files, intent_changes_of(row)))
            Bot.objects.filter(pk=row.pk).update(files_hash=files_hash)
    bot.files_hash = files_hash
    return True


def freeze_training_set(*, bot: Bot) -> TrainingSet:
    """What the bot would be trained on now. The same content is the same row. Raises TrainingFailed."""
    files = files_of(bot).files
    sync_with_files(bot=bot)
    with write_transaction():
        data, changes = training_data_of(lock_bot(bot)), intent_changes_of(bot)
    # Putting it together takes long: no transaction is open meanwhile.
    new = build_training_set(build_bundle(files, data, changes), data)
    content = {name: getattr(new, name) for name in ("packed", "example_count", "intent_count")}
    with write_transaction():
        row, _ = TrainingSet.objects.get_or_create(bot=bot, sha256=new.sha256, defaults=content)
    return row


def _sync_rows(bot: Bot, wanted: TrainingData) -> None:
    there = {row.name for row in bot.intents.filter(deleted=None)}
    new = [name for name in wanted.intents if name not in there and len(name) <= LONGEST_NAME]
    Intent.objects.bulk_create([Intent(bot=bot, name=name) for name in new], batch_size=BATCH)
    _sync_examples(bot, wanted.examples)
    _sync_responses(bot, wanted.responses)
    _sync_synonyms(bot, wanted.synonyms)
    # Last, as an intent that the files no longer have stays where staff gave it an example.
    gone = bot.intents.filter(updated_by=None, revision=1, deleted=None).exclude(name__in=list(wanted.intents))
    gone.exclude(examples__deleted=None, examples__isnull=False).delete()


def _sync_examples(bot: Bot, wanted: Iterable[TrainingExample]) -> None:
    intents = {row.name: row for row in bot.intents.filter(deleted=None)}
    by_key = {(intents[it.intent].pk, exact_key(it.text)): it for it in wanted if it.intent in intents}
    rows = list(bot.examples.defer("vector"))
    untouched = [row for row in rows if _is_untouched(row) and row.origin in FROM_FILES]
    _drop(Example, [row.pk for row in untouched if (row.intent_id, row.exact) not in by_key])
    changed = []
    for row in untouched:
        it = by_key.get((row.intent_id, row.exact))
        if it and (row.entities != list(it.entities) or row.metadata != it.metadata):
            row.entities, row.metadata = list(it.entities), it.metadata
            changed.append(row)
    Example.objects.bulk_update(changed, ["entities", "metadata"], batch_size=BATCH)
    # Rows that staff deleted are among these, so that what they say does not come again.
    there = {(row.intent_id, row.exact) for row in rows}
    origin = Example.Origin.IMPORT if bot.files.exists() else Example.Origin.SKILL
    new = [_new_example(bot, key, it, origin) for key, it in by_key.items() if key not in there]
    Example.objects.bulk_create(new, batch_size=BATCH)


def _new_example(bot: Bot, key: tuple[int, str], it: TrainingExample, origin: str) -> Example:
    intent_id, exact = key
    # The starter's files are named after the skills, as `data/knowledge-nlu.yml`.
    skill = it.source.removeprefix("data/").partition("-")[0]
    return Example(
        bot=bot,
        intent_id=intent_id,
        text=it.text,
        exact=exact,
        alike=alike_key(it.text),
        entities=list(it.entities),
        metadata=it.metadata,
        origin=origin,
        source=(skill if origin == Example.Origin.SKILL else it.source)[:100],
    )


def _sync_responses(bot: Bot, wanted: Mapping[str, list[dict[str, Any]]]) -> None:
    # Deleted ones among them, so that they do not come again.
    rows = {row.name: row for row in bot.responses.order_by("deleted")}
    untouched = [row for row in rows.values() if not row.edited and row.deleted is None]
    _drop(Response, [row.pk for row in untouched if row.name not in wanted])
    changed = [row for row in untouched if row.name in wanted and row.variations != wanted[row.name]]
    for row in changed:
        row.variations, row.revision = wanted[row.name], row.revision + 1
    Response.objects.bulk_update(changed, ["variations", "revision"], batch_size=BATCH)
    new = [name for name in wanted if name not in rows and len(name) <= LONGEST_NAME]
    Response.objects.bulk_create([Response(bot=bot, name=name, variations=wanted[name]) for name in new], BATCH)


def _sync_synonyms(bot: Bot, wanted: Mapping[str, str]) -> None:
    rows = {row.text: row for row in bot.synonyms.order_by("deleted")}
    dropped = [row for row in rows.values() if _is_untouched(row) and wanted.get(row.text) != row.value]
    _drop(Synonym, [row.pk for row in dropped])
    gone = {row.text for row in dropped}
    new = {text: value for text, value in wanted.items() if text not in rows or text in gone}
    fitting = {text: value for text, value in new.items() if max(len(text), len(value)) <= LONGEST_NAME}
    Synonym.objects.bulk_create([Synonym(bot=bot, text=text, value=value) for text, value in fitting.items()], BATCH)


def _is_untouched(row: Example | Synonym) -> bool:
    return row.deleted is None and row.updated_by_id is None and row.revision == 1


def _drop(model: type[Model], ids: list[int]) -> None:
    """For good: what staff delete is marked instead, so that it does not come again."""
    for start in range(0, len(ids), BATCH):
        model._default_manager.filter(pk__in=ids[start : start + BATCH]).delete()
