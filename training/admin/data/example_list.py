"""A list of examples on a page: what it is narrowed to, and its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, QueryDict

from assistant.lib.admin import parse_id
from assistant.lib.highlighting import Piece, highlight
from training.models import Bot, Example
from training.selectors import ExampleFilter, entity_names, examples_by_meaning, filtered_examples, intent_names

PER_PAGE = 100
FIELDS = {"q": "words", "like": "meaning", "intent": "intent", "use": "use", "origin": "origin", "who": "who"}


@dataclass(frozen=True)
class ExampleRow:
    """One example, for the page."""

    example: Example

    @property
    def pieces(self) -> list[Piece]:
        """Its text, cut where entities begin and end."""
        return list(highlight(self.example.text, self.example.entities))

    @property
    def similarity(self) -> str:
        """In percent, where the list was searched by meaning."""
        found = getattr(self.example, "similarity", None)
        return "" if found is None else f"{found:.0%}"

    @property
    def by(self) -> str:
        """Who changed it last."""
        staff = self.example.updated_by or self.example.created_by
        return staff.get_short_name() or staff.get_username() if staff else ""


@dataclass(frozen=True)
class ExampleList:
    """`rows` of a page, and the query without the page's number, for links to the other pages."""

    rows: Sequence[ExampleRow]
    page: Page[Any]
    filter: ExampleFilter
    query: str
    intent_fixed: bool = False

    @property
    def count(self) -> int:
        """Of all pages."""
        return self.page.paginator.count


def example_list_context(request: HttpRequest, bot: Bot, intent: str = "") -> dict[str, Any]:
    """What `example_list.html` is given. `intent`: the page is about this one alone."""
    narrowed = example_filter(request.GET, intent)
    rows: Any = examples_by_meaning(bot, narrowed) if narrowed.meaning else filtered_examples(bot, narrowed)
    # A page beyond the last shows the last: rows may have gone while somebody read.
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    # Whoever turns the page goes on with the same search.
    query = request.GET.copy()
    query.pop("page", None)
    return {
        "list": ExampleList([ExampleRow(row) for row in page], page, narrowed, query.urlencode(), bool(intent)),
        "names": [name for name in intent_names(bot) if name != intent],
        "entities": entity_names(bot),
        "staff": _writers_of(bot),
        "origins": Example.Origin.choices,
    }


def example_filter(given: QueryDict, intent: str) -> ExampleFilter:
    """What no row can have narrows nothing."""
    texts = {field: given.get(name, "").strip() for name, field in FIELDS.items()}
    ids = tuple(pk for pk in map(parse_id, given.get("ids", "").split(",")) if pk is not None)
    texts["who"] = str(parse_id(texts["who"]) or "")
    return ExampleFilter(**{**texts, "intent": intent or texts["intent"]}, entity=given.get("entity", ""), ids=ids)


def _writers_of(bot: Bot) -> list[User]:
    """Who wrote or changed examples."""
    rows = Example.objects.filter(bot=bot, deleted=None)
    ids = {pk for pair in rows.values_list("created_by", "updated_by").distinct() for pk in pair if pk}
    return list(User.objects.filter(pk__in=ids).order_by("username"))
