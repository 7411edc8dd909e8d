"""Responses: what the assistant says, variation by variation."""

from __future__ import annotations

import json
from typing import Any

from django.http import Http404, HttpResponse, QueryDict

from assistant.lib import strict_json
from assistant.lib.errors import ChangedMeanwhile, FrontdeskError
from training.admin.data.desk import Desk, Undo
from training.errors import BadResponse
from training.models import Response
from training.selectors import intent_names
from training.selectors.usage import usage_of, users_of
from training.services import delete_response, save_response

SIMPLE = ("text", "buttons", "image")


def overview(desk: Desk) -> HttpResponse:
    rows = Response.objects.filter(bot=desk.bot, deleted=None).select_related("updated_by")
    words = desk.request.GET.get("q", "").strip()
    found = [row for row in rows if words.lower() in _words_of(row)]
    return desk.shown("responses", tab="responses", title="Responses", rows=found, q=words)


def new(desk: Desk) -> HttpResponse:
    if desk.request.method != "POST":
        return _form(desk, None, [{}])
    return _save(desk, None)


def one(desk: Desk, object_id: int) -> HttpResponse:
    row = _response(desk, object_id)
    if desk.request.method == "POST":
        return _save(desk, row)
    return _form(desk, row, row.variations)


def remove(desk: Desk, object_id: int) -> HttpResponse:
    row = _response(desk, object_id)
    if desk.request.method != "POST":
        return desk.to("admin:training_response_change", row.pk)
    try:
        desk.offer(Undo(f"Deleted {row.name}.", delete_response(response=row, by=desk.user)))
    except FrontdeskError as error:
        desk.warn(error.message)
        return desk.to("admin:training_response_change", row.pk)
    return desk.to("admin:training_responses")


def _words_of(row: Response) -> str:
    return f"{row.name} {json.dumps(row.variations, ensure_ascii=False)}".lower()


def _save(desk: Desk, row: Response | None) -> HttpResponse:
    given = desk.request.POST
    name = row.name if row else given.get("name", "")
    try:
        variations = _variations(given)
        if row is None and Response.objects.filter(bot=desk.bot, name=name.strip(), deleted=None).exists():
            raise BadResponse(f"There is a response {name} already.")
        revision = desk.revision if row else 0
        saved = save_response(bot=desk.bot, name=name, variations=variations, by=desk.user, revision=revision)
    except FrontdeskError as error:
        desk.warn(error.message)
        return _form(desk, row and _response(desk, row.pk), _as_written(given), error)
    desk.say("Saved. It is said after the next training.")
    return desk.to("admin:training_response_change", saved.pk)


def _form(
    desk: Desk, row: Response | None, variations: list[dict[str, Any]], error: FrontdeskError | None = None
) -> HttpResponse:
    """After an error with what was written, beside what somebody else saved meanwhile."""
    conflict = row if isinstance(error, ChangedMeanwhile) else None
    return desk.shown(
        "response",
        tab="responses",
        status=error.status if error else 200,
        title=row.name if row else "New response",
        response=row,
        theirs=[_fields(variation) for variation in conflict.variations] if conflict else None,
        seen=desk.revision if error else row and row.revision,
        name=desk.request.POST.get("name", desk.request.GET.get("name", "utter_")),
        variations=[_fields(variation) for variation in variations] or [_fields({})],
        blank=_fields({}),
        names=intent_names(desk.bot),
        users=users_of(row, usage_of(desk.bot)) if row else [],
    )


def _fields(variation: dict[str, Any]) -> dict[str, Any]:
    """For the form: `rest` is what has no field of its own, as JSON."""
    rest = variation.get("_rest")
    others = {name: value for name, value in variation.items() if name not in (*SIMPLE, "_rest")}
    buttons = [button for button in variation.get("buttons") or () if isinstance(button, dict)]
    return {
        "text": variation.get("text", ""),
        "image": variation.get("image", ""),
        "buttons": [
            {
                "title": button.get("title", ""),
                "payload": button.get("payload", ""),
                "more": button.get("_more")
                or json.dumps({k: v for k, v in button.items() if k not in ("title", "payload", "_more")}),
            }
            for button in buttons
        ],
        "rest": rest if rest is not None else json.dumps(others, ensure_ascii=False, indent=2) if others else "",
    }


def _variations(given: QueryDict) -> list[dict[str, Any]]:
    """Empty ones are left out. Raises BadResponse."""
    found = []
    for number, variation in enumerate(_as_written(given), 1):
        rest = _json(variation.pop("_rest", ""), f"The other fields of variation {number}")
        variation["buttons"] = [whole for button in variation["buttons"] if (whole := _button(button))]
        whole = {**{name: value for name, value in variation.items() if value}, **rest}
        if whole:
            found.append(whole)
    return found


def _button(written: dict[str, Any]) -> dict[str, Any]:
    """Raises BadResponse."""
    row = {"title": written["title"], "payload": written["payload"], **_json(written["_more"], "A button")}
    return {name: value for name, value in row.items() if value}


def _as_written(given: QueryDict) -> list[dict[str, Any]]:
    return [
        {
            "text": given.get(f"text-{key}", "").strip().replace("\r\n", "\n"),
            "image": given.get(f"image-{key}", "").strip(),
            "buttons": _buttons(given, key),
            "_rest": given.get(f"rest-{key}", "").strip(),
        }
        for key in given.getlist("variation")
    ]


def _buttons(given: QueryDict, key: str) -> list[dict[str, Any]]:
    """What else a button has is still the text that was written: who made a slip in it sees it again."""
    titles, payloads = given.getlist(f"title-{key}"), given.getlist(f"payload-{key}")
    more = given.getlist(f"more-{key}")
    rows = zip(titles, payloads, [*more, *[""] * len(titles)], strict=False)
    return [
        {"title": title.strip(), "payload": payload.strip(), "_more": extra.strip()} for title, payload, extra in rows
    ]


def _json(text: str, what: str) -> dict[str, Any]:
    try:
        found = strict_json.parse_json(text or "{}")
    except json.JSONDecodeError as error:
        raise BadResponse(f"{what}: line {error.lineno} is no JSON ({error.msg}).") from None
    except ValueError as error:
        raise BadResponse(f"{what}: this is no JSON that can be kept ({error}).") from None
    if not isinstance(found, dict):
        raise BadResponse(f'{what}: write a JSON object, as in {{"custom": ...}}.')
    return found


def _response(desk: Desk, object_id: int) -> Response:
    row = Response.objects.select_related("bot").filter(pk=object_id, deleted=None).first()
    if row is None:
        raise Http404
    desk.bot = row.bot
    return row
