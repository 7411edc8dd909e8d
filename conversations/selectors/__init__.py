"""Reads of conversations."""

from conversations.selectors.deletion import example_count
from conversations.selectors.lists import (
    REVIEW_FILTERS,
    TROUBLE_FILTERS,
    ConversationFilter,
    Cursor,
    Page,
    filtered,
    list_page,
    needs_scan,
)
from conversations.selectors.messages import (
    PAGE,
    answers_to,
    channels_in_use,
    intents_in_use,
    latest_messages,
    messages_after,
    waiting_for_a_worker,
    waiting_now,
)
from conversations.selectors.neighbours import Neighbour, neighbour_in_list, neighbour_in_search, next_to_review
from conversations.selectors.review import Trouble, worst_since
from conversations.selectors.search import Hit, SearchPage, conversations_by_name, highlighted, search_page

__all__ = [
    "PAGE",
    "REVIEW_FILTERS",
    "TROUBLE_FILTERS",
    "ConversationFilter",
    "Cursor",
    "Hit",
    "Neighbour",
    "Page",
    "SearchPage",
    "Trouble",
    "answers_to",
    "channels_in_use",
    "conversations_by_name",
    "example_count",
    "filtered",
    "highlighted",
    "intents_in_use",
    "latest_messages",
    "list_page",
    "messages_after",
    "needs_scan",
    "neighbour_in_list",
    "neighbour_in_search",
    "next_to_review",
    "search_page",
    "waiting_for_a_worker",
    "waiting_now",
    "worst_since",
]
