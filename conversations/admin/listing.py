"""The rows of the list of conversations: newest first, searched back a bounded way at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import reduce
from operator import or_
from uuid import UUID

from django.contrib.admin.views.main import ChangeList
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Substr
from django.http import HttpRequest

from assistant.lib.admin import CappedPaginator
from conversations.models import Conversation, Message

SEARCHED = 5_000  # conversations that one search looks through
FOUND = 500  # hits that one search shows
SNIPPET = 140  # characters

Rows = QuerySet[Conversation]


class ConversationList(ChangeList):
    """`older` is the query string that goes on where this list had to stop, empty where it shows all."""

    paginator: CappedPaginator
    older = ""

    def get_queryset(self, request: HttpRequest, exclude_parameters: list[str | None] | None = None) -> Rows:
        rows = super().get_queryset(request, exclude_parameters)
        return self._found(rows) if self.query.strip() else rows

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = _with_snippets(self.root_queryset, [row.pk for row in self.result_list])
        last_page = self.page_num >= self.paginator.num_pages
        if self.paginator.capped and last_page:
            self._stopped_at(_last_active(self.queryset, self.paginator.cap))

    def _found(self, rows: Rows) -> Rows:
        stop = _last_active(rows, SEARCHED)
        searched = rows.filter(last_active__gt=stop) if stop else rows
        newest_first = searched.filter(_says(self.query.strip())).order_by("-last_active", "-id")
        hits = list(newest_first.values_list("pk", "last_active")[:FOUND])
        self._stopped_at(hits[-1][1] if len(hits) == FOUND else stop)
        return rows.filter(pk__in=[pk for pk, _ in hits])

    def _stopped_at(self, moment: datetime | None) -> None:
        if moment:
            self.older = self.get_query_string({"last_active__lte": moment.isoformat()})


def _with_snippets(rows: Rows, ids: Sequence[int]) -> list[Conversation]:
    """These conversations in this order, each with the beginning of its last message as `snippet`."""
    newest = Message.objects.filter(conversation=OuterRef("pk"), seq=OuterRef("last_seq"))
    snippet = Subquery(newest.values(short=Substr("text", 1, SNIPPET)))
    found = rows.annotate(snippet=snippet).in_bulk(ids)
    return [found[pk] for pk in ids if pk in found]


def _last_active(rows: Rows, position: int) -> datetime | None:
    """When the conversation at this position, newest first, was last active."""
    moments = rows.order_by("-last_active", "-id").values_list("last_active", flat=True)
    return moments[position : position + 1].first()


def _says(words: str) -> Q:
    """The sender, the public id or any message contains the words, in whatever case."""
    said = Message.objects.filter(_contains("text", words), conversation=OuterRef("pk"))
    return _contains("external_id", words) | Exists(said) | _has_id(words)


def _contains(field: str, words: str) -> Q:
    """SQLite ignores case in ASCII only: other words are looked for in each case they are usually written in."""
    cases = {words} if words.isascii() else {words, words.lower(), words.upper(), words.capitalize()}
    return reduce(or_, (Q(**{f"{field}__icontains": case}) for case in sorted(cases)))


def _has_id(words: str) -> Q:
    try:
        return Q(public_id=UUID(words))
    except ValueError:
        return Q(pk__in=[])
