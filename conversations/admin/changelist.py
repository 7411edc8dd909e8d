"""The list of conversations: newest first, page after page, filtered by its address or searched; and its columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.core.paginator import Paginator
from django.db.models import OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, NullIf, Substr
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from assistant.lib.admin import capped_count, parse_id
from conversations import selectors
from conversations.admin.filters import Filters
from conversations.models import Conversation, Message

PAGE = 50
COUNTED = 1_000  # more are not counted
SNIPPET = 160  # characters of the visitor's last message
BEFORE_HIT = 60  # characters shown before the first hit in a long text
WITH_HIT = 220  # characters of a text that was searched for

Rows = QuerySet[Conversation]


class ConversationList(ChangeList):
    """Django's list with our filters, search and pages. `older` and `newer` are addresses, empty where there is
    nothing more; `count` is empty where it is not known."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: list[str | None] | None = None) -> Rows:
        self.filters = Filters(self.params)
        if self.filters.not_understood:
            words = ", ".join(self.filters.not_understood)
            messages.warning(request, f"Not understood, so the list is not narrowed by it: {words}.")
        # Django's own filters have no part in this, and its template is told so.
        self.filter_specs, self.has_filters = [], False
        self.has_active_filters = bool(self.filters.chips or self.filters.conversation_filter.review)
        self.clear_all_filters_qs = "?"
        self.older = self.newer = self.count = ""
        self.partial = False
        return selectors.filtered(self.root_queryset, self.filters.conversation_filter)

    def get_results(self, request: HttpRequest) -> None:
        self.result_list = self._search_results() if self.query.strip() else self._page_results()
        self.result_count = len(self.result_list)
        self.full_result_count, self.can_show_all, self.multi_page = None, False, False
        self.show_admin_actions = True
        self.paginator = Paginator(self.result_list, PAGE)

    def url_for_result(self, result: Any) -> str:
        """A hit of the search opens at its message."""
        url = super().url_for_result(result)
        return f"{url}?at={result.hit_seq}" if hasattr(result, "hit_seq") else url

    @property
    def url_without_query(self) -> str:
        """The list without its search."""
        return self.filters.url(q="")

    def _page_results(self) -> list[Conversation]:
        before, after = (selectors.Cursor.parse(self.params.get(name, "")) for name in ("before", "after"))
        scan = selectors.needs_scan(self.filters.conversation_filter)
        # The keys first: the snippets are worth reading for the rows that are shown, not for those that are passed.
        page = selectors.list_page(self.queryset.only("last_active"), PAGE, before=before, after=after, scan=scan)
        self.older = f"{self.filters.url()}&before={page.older}" if page.older else ""
        self.newer = f"{self.filters.url()}&after={page.newer}" if page.newer else ""
        self.partial = page.partial
        if not (before or after or scan):  # a scan would have to look through all conversations to count them
            count = capped_count(self.queryset, COUNTED + 1) if self.older else len(page.rows)
            self.count = f"{COUNTED:,}+" if count > COUNTED else f"{count:,}"
        return self._in_bulk([row.pk for row in page.rows])

    def _search_results(self) -> list[Conversation]:
        before = parse_id(self.params.get("from", ""))
        found = selectors.search_page(self.query, self.queryset, PAGE, before=before)
        # Those whose sender or id fits stand before all hits, so on the first page only.
        named = [] if before else selectors.conversations_by_name(self.query, self.queryset)
        hits = {hit.conversation_id: hit for hit in found.hits}
        rows = self._in_bulk([*(pk for pk in named if pk not in hits), *hits])
        texts = dict(Message.objects.filter(pk__in=[hit.message_id for hit in found.hits]).values_list("pk", "text"))
        for row in rows:
            if hit := hits.get(row.pk):
                row.hit_seq, row.snippet = hit.seq, texts[hit.message_id]  # type: ignore[attr-defined]
                row.query = self.query  # type: ignore[attr-defined]
        self.older = f"{self.filters.url()}&from={found.older}" if found.older else ""
        return rows

    def _in_bulk(self, ids: Sequence[int]) -> list[Conversation]:
        """These conversations in this order, each with the beginning of the visitor's last message as `snippet`."""
        newest = Message.objects.filter(conversation=OuterRef("pk"), role=Message.Role.USER, turn=OuterRef("last_turn"))
        snippet = Subquery(newest.values(short=Substr(Coalesce(NullIf("text", Value("")), "payload"), 1, SNIPPET)))
        rows = self.root_queryset.annotate(snippet=snippet).select_related("reviewed_by").prefetch_related("tags")
        found = rows.in_bulk(ids)
        return [found[pk] for pk in ids if pk in found]


class ConversationColumns(admin.ModelAdmin):
    """What the list shows of each conversation."""

    @admin.display(description="Who and when")
    def who(self, row: Conversation) -> SafeString:
        moment = timezone.localtime(row.last_active)
        return format_html(
            '<span class="who" title="{}">{}</span>'
            '<span class="when"><time datetime="{}" title="{}">{}</time> · {}</span>',
            row.external_id,
            row.external_id if len(row.external_id) <= 20 else f"{row.external_id[:12]}…",
            moment.isoformat(),
            date_format(moment, "DATETIME_FORMAT"),
            naturaltime(moment),
            row.channel.capitalize(),
        )

    @admin.display(description="Last words")
    def last_words(self, row: Conversation) -> SafeString:
        text = getattr(row, "snippet", "") or ""
        shown = format_html('<span class="snippet quiet">{}</span>', "no text")
        if text:
            query = getattr(row, "query", "")
            shown = format_html(
                '<span class="snippet" dir="auto">{}</span>', _highlighted(text, query) if query else text
            )
        tags = format_html_join(" ", '<span class="tag">{}</span>', ((tag.name,) for tag in row.tags.all()))
        return format_html('{}<span class="tags">{}</span>', shown, tags) if tags else shown

    @admin.display(description="Messages")
    def message_count(self, row: Conversation) -> int:
        return row.last_seq

    @admin.display(description="Least confident")
    def confidence(self, row: Conversation) -> SafeString | None:
        if row.lowest_confidence is None:
            return None
        return format_html(
            '<span class="sure"><meter min="0" max="1" low="0.5" high="0.7" optimum="1" value="{}"'
            ' aria-hidden="true"></meter> <span class="percent">{}</span></span>',
            f"{row.lowest_confidence:.3f}",
            f"{row.lowest_confidence:.0%}",
        )

    @admin.display(description="Signs")
    def signs(self, row: Conversation) -> SafeString:
        chips = [
            (row.state != Conversation.State.BOT, row.state, row.get_state_display()),
            (row.failed_turns, "failed", f"{row.failed_turns} failed"),
            (row.thumbs_down, "disliked", f"{row.thumbs_down} thumbs down" if row.thumbs_down > 1 else "Thumbs down"),
            (row.answered_turn < row.last_turn, "unanswered", "Unanswered"),
            (row.flag_count, "flagged", f"{row.flag_count} flagged"),
            (row.saved_for_later, "later", "Saved for later"),
        ]
        shown = ((name, words) for is_so, name, words in chips if is_so)
        return format_html_join(" ", '<span class="chip chip-{}">{}</span>', shown)

    @admin.display(description="Review")
    def review(self, row: Conversation) -> SafeString:
        if row.reviewed_turn < row.last_turn:
            said_more = row.reviewed_turn > 0
            return format_html('<span class="review-todo">{}</span>', "Said more" if said_more else "To review")
        if row.reviewed_by is None:  # the account was deleted, or nobody ever said anything
            return format_html('<span class="quiet">{}</span>', "Reviewed" if row.reviewed_turn else "Nothing said")
        return format_html('<span class="quiet">Reviewed by {}</span>', row.reviewed_by.get_username())


def _highlighted(text: str, query: str) -> SafeString:
    """What was searched for is marked; a long text begins shortly before it and is cut some way behind it."""
    pieces = list(selectors.highlighted(text, query))
    before = pieces[0][0]
    if len(before) > BEFORE_HIT:
        pieces[0] = ("…" + before[-BEFORE_HIT:], False)
    shown, left = [], WITH_HIT
    for piece, is_hit in pieces:
        if left <= 0:
            break
        words = piece if len(piece) <= left else piece[:left] + "…"
        shown.append((format_html("<mark>{}</mark>" if is_hit else "{}", words),))
        left -= len(piece)
    return format_html_join("", "{}", shown)
