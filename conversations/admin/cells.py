"""The cells of the list of conversations."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib import admin
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from conversations.models import Conversation
from conversations.selectors import highlighted

AROUND = 60  # characters shown before the first hit in a long text
SHOWN = 220


class Cells(admin.ModelAdmin):
    list_display = ("who", "words", "message_count", "sure", "marks", "review")

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
    def words(self, row: Conversation) -> SafeString:
        tags = format_html_join(" ", '<span class="tag">{}</span>', ((tag.name,) for tag in row.tags.all()))
        shown = format_html("{}{}", _words(row), format_html('<span class="tags">{}</span>', tags) if tags else "")
        return shown

    @admin.display(description="Messages")
    def message_count(self, row: Conversation) -> int:
        return row.last_seq

    @admin.display(description="Least confident")
    def sure(self, row: Conversation) -> SafeString | None:
        if row.lowest_confidence is None:
            return None
        return format_html(
            '<span class="sure"><meter min="0" max="1" low="0.5" high="0.7" optimum="1" value="{}"'
            ' aria-hidden="true"></meter> <span class="percent">{}</span></span>',
            f"{row.lowest_confidence:.3f}",
            f"{row.lowest_confidence:.0%}",
        )

    @admin.display(description="Signs")
    def marks(self, row: Conversation) -> SafeString:
        return format_html_join(" ", '<span class="chip chip-{}">{}</span>', _marks(row))

    @admin.display(description="Review")
    def review(self, row: Conversation) -> SafeString:
        if row.reviewed_turn < row.last_turn:
            said_more = row.reviewed_turn > 0
            return format_html('<span class="review-todo">{}</span>', "Said more" if said_more else "To review")
        if row.reviewed_by is None:
            return format_html('<span class="quiet">{}</span>', "Reviewed" if row.reviewed_turn else "Nothing said")
        return format_html('<span class="quiet">Reviewed by {}</span>', row.reviewed_by.get_username())


def _marks(row: Conversation) -> Iterator[tuple[str, str]]:
    if row.state != Conversation.State.BOT:
        yield row.state, row.get_state_display()
    if row.failed_turns:
        yield "failed", f"{row.failed_turns} failed"
    if row.thumbs_down:
        yield "disliked", f"{row.thumbs_down} thumbs down" if row.thumbs_down > 1 else "Thumbs down"
    if row.answered_turn < row.last_turn:
        yield "unanswered", "Unanswered"
    if row.flag_count:
        yield "flagged", f"{row.flag_count} flagged"
    if row.saved_for_later:
        yield "later", "Saved for later"


def _words(row: Conversation) -> SafeString:
    text = getattr(row, "snippet", "") or ""
    if not text:
        return format_html('<span class="snippet quiet">{}</span>', "no text")
    if query := getattr(row, "query", ""):
        return format_html('<span class="snippet" dir="auto">{}</span>', _highlighted(text, query))
    return format_html('<span class="snippet" dir="auto">{}</span>', text)


def _highlighted(text: str, query: str) -> SafeString:
    """What was looked for is marked; a long text begins shortly before it."""
    pieces = list(highlighted(text, query))
    before = pieces[0][0]
    if len(before) > AROUND:
        pieces[0] = ("…" + before[-AROUND:], False)
    return format_html_join("", "{}", ((_piece(*piece),) for piece in _cut(pieces)))


def _cut(pieces: list[tuple[str, bool]]) -> Iterator[tuple[str, bool]]:
    left = SHOWN
    for piece, hit in pieces:
        if left <= 0:
            return
        yield (piece if len(piece) <= left else piece[:left] + "…"), hit
        left -= len(piece)


def _piece(text: str, hit: bool) -> SafeString:
    return format_html("<mark>{}</mark>", text) if hit else format_html("{}", text)
