"""Synonyms: texts that mean a value."""

from __future__ import annotations

from itertools import groupby

from django.http import Http404, HttpResponse

from assistant.lib.database import write_transaction
from assistant.lib.errors import FrontdeskError
from training.admin.data.desk import Desk, Undo
from training.findings import NO_ENTITIES, NO_SYNONYMS
from training.models import Synonym
from training.selectors.usage import pipeline_of
from training.services import delete_synonym, save_synonym


def overview(desk: Desk) -> HttpResponse:
    if desk.request.method == "POST":
        return _save(desk)
    rows = Synonym.objects.filter(bot=desk.bot, deleted=None).order_by("value", "text")
    groups = [(value, list(same)) for value, same in groupby(rows, key=lambda row: row.value)]
    return desk.shown("synonyms", tab="synonyms", title="Synonyms", groups=groups, trouble=_trouble(desk))


def remove(desk: Desk, object_id: int) -> HttpResponse:
    row = Synonym.objects.select_related("bot").filter(pk=object_id, deleted=None).first()
    if row is None:
        raise Http404
    if desk.request.method == "POST":
        mark = delete_synonym(synonym=row, by=desk.user)
        desk.offer(Undo(f"“{row.text}” does not mean {row.value} any more.", mark))
    return desk.to("admin:training_synonyms")


def _save(desk: Desk) -> HttpResponse:
    """Several texts stand on lines of their own. All of them are saved, or none."""
    value = desk.request.POST.get("value", "")
    texts = [text.strip() for text in desk.request.POST.get("texts", "").splitlines() if text.strip()]
    try:
        with write_transaction():
            for text in texts:
                save_synonym(bot=desk.bot, value=value, text=text, by=desk.user)
        when = "Once the pipeline looks synonyms up" if _trouble(desk) else "After the next training"
        desk.say(f"Saved. {when}, they mean {value.strip()}." if texts else "Write at least one text.")
    except FrontdeskError as error:
        desk.warn(f"Nothing is saved. “{text[:60]}”: {error.message}")
    return desk.to("admin:training_synonyms")


def _trouble(desk: Desk) -> list[str]:
    """Why synonyms have no effect: they are looked up for entities that were found."""
    pipeline = pipeline_of(desk.bot)
    return [NO_SYNONYMS] * (not pipeline.maps_synonyms) + [NO_ENTITIES] * (not pipeline.learns_entities)
