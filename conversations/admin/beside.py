"""The list that a reader of a conversation came from, and who stands beside it there."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import reverse

from conversations import selectors
from conversations.admin.filters import Filters
from conversations.admin.listing import PAGE
from conversations.models import Conversation
from conversations.selectors import Neighbour as Step
from conversations.selectors import neighbours

LIST = "admin:conversations_conversation_changelist"
Rows = QuerySet[Conversation]


@dataclass(frozen=True)
class CameFrom:
    """`query` is the list's own address; `words` are what it looks for."""

    query: str
    words: str
    rows: Rows

    @classmethod
    def of(cls, request: HttpRequest) -> CameFrom:
        query = filters_of(request)
        asked = QueryDict(query).dict()
        rows = selectors.filtered(Conversation.objects.all(), Filters(asked).wanted)
        return cls(query, str(asked.get("q", "")).strip(), rows)

    def beside(self, here: Conversation, *, older: bool) -> Step:
        if self.words:
            return selectors.neighbour_in_search(self.words, self.rows, here, older=older, size=PAGE)
        return _step_to(neighbours.neighbour_in_list(here, self.rows, older=older))

    def next_to_review(self, after: Conversation) -> Step:
        if not self.words:
            return _step_to(neighbours.next_to_review(after, among=self.rows))
        waiting = neighbours.others_to_review(after, self.rows)
        below = selectors.neighbour_in_search(self.words, waiting, after, older=True, size=PAGE)
        return (
            selectors.neighbour_in_search(self.words, waiting, None, older=True, size=PAGE)
            if below == Step()
            else below
        )

    def url(self, further: int | None = None) -> str:
        """The list; of a search, from a message on."""
        asked = QueryDict(self.query, mutable=True)
        if further is not None:
            asked["from"] = str(further)
        return f"{reverse(LIST)}?{asked.urlencode() if further is not None else self.query}"


def filters_of(request: HttpRequest) -> str:
    """The query string of the list that the reader came from."""
    return request.GET.get("_changelist_filters") or request.POST.get("_changelist_filters") or ""


def _step_to(conversation: Conversation | None) -> Step:
    return Step(conversation.pk if conversation else None)
