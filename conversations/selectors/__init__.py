"""Reads of conversations: of one (`messages`), and lists of many (`finding`, `searching`)."""

from conversations.selectors.finding import REVIEWS, TROUBLES, Page, Place, Wanted, narrowed, page, walks
from conversations.selectors.hits import Hit
from conversations.selectors.messages import (
    PAGE,
    answers_to,
    channels_in_use,
    intents_in_use,
    latest_messages,
    messages_after,
    next_unanswered,
    turn_for_engine,
    waiting_for_a_worker,
    waiting_now,
)
from conversations.selectors.replays import Group, differing_conversations, for_replay, groups_of, what_visitors_said
from conversations.selectors.searching import Found, by_name, marked, search
from conversations.selectors.stepping import Step, step
from conversations.selectors.worst import Trouble, worst_since

__all__ = [
    "PAGE",
    "REVIEWS",
    "TROUBLES",
    "Found",
    "Group",
    "Hit",
    "Page",
    "Place",
    "Step",
    "Trouble",
    "Wanted",
    "answers_to",
    "by_name",
    "channels_in_use",
    "differing_conversations",
    "for_replay",
    "groups_of",
    "intents_in_use",
    "latest_messages",
    "marked",
    "messages_after",
    "narrowed",
    "next_unanswered",
    "page",
    "search",
    "step",
    "turn_for_engine",
    "waiting_for_a_worker",
    "waiting_now",
    "walks",
    "what_visitors_said",
    "worst_since",
]
