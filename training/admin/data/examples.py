"""All examples, one of them to edit, and what is done to many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from django.core import signing
from django.http import Http404, HttpResponse
from django.utils import timezone

from assistant.engine.entity_markup import write_markup
from assistant.lib import strict_json
from assistant.lib.admin import parse_id
from assistant.lib.database import write_transaction
from assistant.lib.errors import ChangedMeanwhile, FrontdeskError
from training.admin.data.desk import UNDO, Desk, Undo
from training.admin.data.lists import Line, listed, staff_of
from training.admin.data.marking import parsed
from training.errors import BadExample
from training.models import Bot, Example
from training.selectors import entity_names, intent_names, intent_now, same_text
from training.services import (
    Merge,
    change_example,
    confirm_examples,
    delete_examples,
    hold_out_examples,
    keep_examples,
    move_examples,
    restore_deleted,
    unmerge_intents,
)
from training.services.undoing import Restored

TOKEN_AGE = 24 * 3600  # seconds


def overview(desk: Desk) -> HttpResponse:
    return desk.shown(
        "examples",
        tab="examples",
        title="All examples",
        list=listed(desk.request, desk.bot),
        names=intent_names(desk.bot),
        entities=entity_names(desk.bot),
        staff=staff_of(desk.bot),
        origins=Example.Origin.choices,
    )


def one(desk: Desk, object_id: int) -> HttpResponse:
    """The form of an example: a page of its own, or, for a script, the part that takes the place of a row."""
    row = _example(desk, object_id)
    if desk.request.method == "POST":
        return _save(desk, row)
    if desk.request.GET.get("as") == "row":
        return desk.part("example_row", line=Line(row))
    return _form(desk, row)


def many(desk: Desk) -> HttpResponse:
    ids = [pk for pk in map(parse_id, desk.request.POST.getlist("id")) if pk is not None]
    act = ACTS.get(desk.request.POST.get("act", ""))
    if not ids or act is None:
        desk.warn("Select examples first.")
        return desk.back("admin:training_examples")
    try:
        act(desk, ids)
    except FrontdeskError as error:
        desk.warn(error.message)
    return desk.back("admin:training_examples")


def undo(desk: Desk) -> HttpResponse:
    try:
        given = signing.loads(desk.request.POST.get("token", ""), salt=UNDO, max_age=TOKEN_AGE)
    except signing.BadSignature:
        desk.warn("This can't be undone any more.")
        return desk.back("admin:training_intent_changelist")
    desk.bot = Bot.objects.get(pk=given["bot"])
    try:
        if given.get("merge"):
            _unmerge(desk, Merge(**given["merge"]))
        elif given.get("marks"):
            _unmark(desk, given["marks"])
        else:
            _undo(desk, given["mark"], given["moves"] or {})
    except FrontdeskError as error:
        desk.warn(error.message)
    return desk.back("admin:training_intent_changelist")


def _undo(desk: Desk, mark: str | None, moves: dict[str, list[tuple[int, int]]]) -> None:
    """All of it, or nothing. Raises BadExample where an intent is gone that examples were moved from."""
    back, left = Restored(), 0
    with write_transaction():
        if mark:
            back = restore_deleted(bot=desk.bot, mark=datetime.fromisoformat(mark), by=desk.user)
        for old, pairs in moves.items():
            intent, seen = _named(desk, intent_now(desk.bot, old) or old), dict(pairs)
            back = back.with_examples(move_examples(ids=list(seen), intent=intent, by=desk.user, seen=seen))
            left += Example.objects.filter(pk__in=seen, deleted=None).exclude(intent__name=intent).count()
    _tell(desk, back, left)


def _unmerge(desk: Desk, merge: Merge) -> None:
    back = unmerge_intents(merge=merge, by=desk.user)
    there = Example.objects.filter(pk__in=[pk for pk, _ in merge.examples], deleted=None)
    _tell(desk, back, there.exclude(intent=merge.source).count())


def _unmark(desk: Desk, marks: dict[str, list[tuple[int, int]]]) -> None:
    for act, pairs in marks.items():
        seen = dict(pairs)
        back = MARKS[act](ids=list(seen), by=desk.user, seen=seen)
        _tell(desk, Restored().with_examples(back), len(seen) - back)


def _tell(desk: Desk, back: Restored, left: int) -> None:
    desk.say(f"Back again: {back.words}." if back.count else "Nothing to bring back.")
    if left:
        desk.warn(f"Changed by somebody since, and left as they are: {_counted(left)}.")


def _save(desk: Desk, row: Example) -> HttpResponse:
    given = desk.request.POST
    try:
        text, entities = _written(desk)
        changed = change_example(
            example=row,
            by=desk.user,
            revision=desk.revision,
            intent=_named(desk, given["intent"]) if given.get("intent") else None,
            text=text,
            entities=entities,
            use=Example.Use.HELD_OUT if given.get("held_out") else Example.Use.TRAINING,
        )
    except FrontdeskError as error:
        return _form(desk, _example(desk, row.pk), error)
    if desk.wants_part:
        return desk.part("example_row", line=Line(_example(desk, changed.pk)))
    desk.say("Saved.")
    return desk.back("admin:training_intent_change", changed.intent_id)


def _form(desk: Desk, row: Example, error: FrontdeskError | None = None) -> HttpResponse:
    """After an error with what was written, beside what somebody else saved meanwhile."""
    given = desk.request.POST
    context: dict[str, Any] = {
        "example": row,
        "marked": given.get("marked") or write_markup(row.text, row.entities),
        "value": strict_json.parse_json(given["value"]) if _is_json(given.get("value", "")) else _value(row),
        "intent_name": given.get("intent") or row.intent.name,
        "held_out": bool(given.get("held_out")) if given else row.use == Example.Use.HELD_OUT,
        "names": intent_names(desk.bot),
        "entities": entity_names(desk.bot),
        "error": error,
        "theirs": Line(row) if isinstance(error, ChangedMeanwhile) else None,
        "seen": desk.revision if given else row.revision,
        "same": [other for other in same_text(desk.bot, row.text) if other.pk != row.pk],
    }
    status = error.status if error else 200
    if desk.wants_part:
        return desk.part("example_form", status, **context)
    return desk.shown("example", tab="examples", title="Edit an example", status=status, **context)


def _named(desk: Desk, intent: str) -> str:
    """Raises BadExample where there is none, or none any more: a slip, or renamed meanwhile, it would be made anew."""
    name = intent.strip()
    if name not in intent_names(desk.bot):
        raise BadExample(f"There is no intent {name}. Create it first." if name else "Say where to move them.")
    return name


def _value(row: Example) -> dict[str, Any]:
    return {"text": row.text, "entities": row.entities}


def _written(desk: Desk) -> tuple[str, list[dict[str, Any]]]:
    """As the script sends it, or else in Rasa's markup. Raises BadExample."""
    value = desk.request.POST.get("value", "")
    if not value:
        return parsed(desk.request.POST.get("marked", "").strip())
    if not _is_json(value):
        raise BadExample("That was not understood. Reload the page and try again.")
    given = strict_json.parse_json(value)
    entities = given.get("entities")
    return str(given.get("text", "")), [it for it in entities or () if isinstance(it, dict)]


def _is_json(value: str) -> bool:
    try:
        given = strict_json.parse_json(value)
    except ValueError:
        return False
    return isinstance(given, dict) and isinstance(given.get("entities") or [], list)


# --- many at once


def _move(desk: Desk, ids: list[int]) -> None:
    name = _named(desk, desk.request.POST.get("intent", ""))
    before = defaultdict[str, list[tuple[int, int]]](list)
    rows = Example.objects.filter(pk__in=ids, deleted=None).exclude(intent__name=name)
    for pk, intent, revision in rows.values_list("pk", "intent__name", "revision"):
        before[intent].append((pk, revision + 1))
    mark = timezone.now()
    moved = move_examples(ids=ids, intent=name, by=desk.user, mark=mark)
    desk.offer(Undo(f"Moved {_counted(moved)} to {name}.", mark, before))


def _keep(desk: Desk, ids: list[int]) -> None:
    """Of examples with the same text, those of one intent stay."""
    mark, count = keep_examples(ids=ids, intent=desk.request.POST.get("intent", ""), by=desk.user)
    desk.offer(Undo(f"Deleted {_counted(count)}.", mark))


def _confirm(desk: Desk, ids: list[int]) -> None:
    words = "Noted as right: {}. No longer doubted, until the text or the intent changes."
    _mark(desk, ids, "confirm", "doubt", words)


def _delete(desk: Desk, ids: list[int]) -> None:
    mark = delete_examples(ids=ids, by=desk.user)
    count = Example.objects.filter(pk__in=ids, deleted=mark).count()
    desk.offer(Undo(f"Deleted {_counted(count)}.", mark))


def _hold_out(desk: Desk, ids: list[int]) -> None:
    words = "Held out: {}. Not trained on from now on, but asked how good a version is."
    _mark(desk, ids, "hold_out", "train_on", words)


def _train_on(desk: Desk, ids: list[int]) -> None:
    _mark(desk, ids, "train_on", "hold_out", "For training now: {}.")


def _mark(desk: Desk, ids: list[int], act: str, back: str, words: str) -> None:
    """Those that are marked already stay as they are, also when it is undone."""
    before = dict(Example.objects.filter(pk__in=ids, deleted=None).values_list("pk", "revision"))
    count = MARKS[act](ids=ids, by=desk.user, seen=before)
    if not count:
        desk.say("Nothing changed: that is so already.")
        return
    after = Example.objects.filter(pk__in=before).values_list("pk", "revision")
    marked = [(pk, revision) for pk, revision in after if revision == before[pk] + 1]
    desk.offer(Undo(words.format(_counted(count)), marks={back: marked}))


MARKS: dict[str, Callable[..., int]] = {
    "confirm": confirm_examples,
    "doubt": partial(confirm_examples, confirmed=False),
    "hold_out": partial(hold_out_examples, held_out=True),
    "train_on": partial(hold_out_examples, held_out=False),
}
ACTS: dict[str, Callable[[Desk, list[int]], None]] = {
    "move": _move,
    "keep": _keep,
    "confirm": _confirm,
    "delete": _delete,
    "hold_out": _hold_out,
    "train_on": _train_on,
}


def _counted(count: int) -> str:
    return "one example" if count == 1 else f"{count:,} examples"


def _example(desk: Desk, object_id: int) -> Example:
    rows = Example.objects.select_related("intent", "bot", "created_by", "updated_by").defer("vector")
    row = rows.filter(pk=object_id, deleted=None).first()
    if row is None:
        raise Http404
    desk.bot = row.bot
    return row
