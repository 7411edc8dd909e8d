"""The list that a reader of a conversation came from, and the way from there to the next and the previous one."""

from __future__ import annotations

from functools import cached_property
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import reverse

from conversations import selectors
from conversations.admin.changelist import PAGE
from conversations.admin.filters import Filters
from conversations.models import Conversation
from conversations.selectors import Neighbour, neighbours

LIST = "admin:conversations_conversation_changelist"
CHANGE = "admin:conversations_conversation_change"


class Origin:
    """`query` is the query string of the list's own address, which pages and forms hand on."""

    def __init__(self, request: HttpRequest) -> None:
        self.query = request.GET.get("_changelist_filters") or request.POST.get("_changelist_filters") or ""
        self.parameters = QueryDict(self.query, mutable=True)
        self.words = str(self.parameters.get("q", "")).strip()

    @cached_property
    def rows(self) -> QuerySet[Conversation]:
        """What the list shows, without its search."""
        address = {name: str(value) for name, value in self.parameters.items()}
        return selectors.filtered(Conversation.objects.all(), Filters(address).conversation_filter)

    def neighbour(self, of: Conversation, *, older: bool) -> Neighbour:
        """The one beside it in the list, or in the search."""
        if self.words:
            return selectors.neighbour_in_search(self.words, self.rows, of, older=older, size=PAGE)
        found = selectors.neighbour_in_list(of, self.rows, older=older)
        return Neighbour(found.pk if found else None)

    def next_to_review(self, after: Conversation) -> Neighbour:
        """The next in the list that waits for review; from its end back to the top."""
        if not self.words:
            found = selectors.next_to_review(after, among=self.rows)
            return Neighbour(found.pk if found else None)
        waiting = neighbours.others_to_review(after, self.rows)
        below = selectors.neighbour_in_search(self.words, waiting, after, older=True, size=PAGE)
        if below != Neighbour():
            return below
        # From the end of the search back to its top: what was skipped before may wait there.
        return selectors.neighbour_in_search(self.words, waiting, None, older=True, size=PAGE)

    def list_url(self, further: int | None = None) -> str:
        """The list itself; of a search, from a message on."""
        if further is None:
            return f"{reverse(LIST)}?{self.query}"
        self.parameters["from"] = str(further)
        return f"{reverse(LIST)}?{self.parameters.urlencode()}"

    def page_url(self, pk: int, seq: int = 0, mine: str = "") -> str:
        """The review page of a conversation, at a message. `mine`: the intent that was chosen there and not saved."""
        parameters = {"at": str(seq) if seq else "", "mine": mine, "_changelist_filters": self.query}
        query = urlencode({name: value for name, value in parameters.items() if value})
        return f"{reverse(CHANGE, args=[pk])}{'?' if query else ''}{query}{f'#m{seq}' if seq else ''}"
