"""What is stored of a visitor: their conversations, and all that belongs to these."""

from __future__ import annotations

from collections import Counter

from assistant.lib.erasure import ErasureCount, Person, entries_about, register_store
from conversations.channels.widget.visitors import visitor_of
from conversations.models import Annotation, Conversation, Note, ReplayedTurn
from conversations.selectors.deletion import conversations_of, conversations_with, examples_made_only_from
from conversations.services.deletion import erase_conversation
from training.services import traces_of


@register_store("conversations")
class ConversationStore:
    """A person's name is `channel:sender`."""

    def names(self, identifier: str) -> list[str]:
        """A visitor's token means the visitor."""
        visitor = visitor_of(identifier)
        rows = conversations_of(f"widget:{visitor}" if visitor else identifier)
        return [f"{channel}:{sender}" for channel, sender in rows.values_list("channel", "external_id")]

    def find(self, person: Person) -> list[ErasureCount]:
        return _counts(_conversations(person))

    def erase(self, person: Person) -> list[ErasureCount]:
        """One conversation at a time; what belongs to it is counted before it goes."""
        erased: Counter[tuple[str, str]] = Counter()
        for row in _conversations(person):
            before = {(one.what, one.why_kept): one.count for one in _counts([row])}
            erase_conversation(conversation=row)
            erased.update(before)
        return [ErasureCount(what, count, why_kept) for (what, why_kept), count in erased.items()]


def _conversations(person: Person) -> list[Conversation]:
    rows = set(conversations_with(person.texts)) if person.texts else set[Conversation]()
    channel, _, sender = person.name.partition(":")
    rows |= set(Conversation.objects.filter(channel=channel, external_id=sender))
    return sorted(rows, key=lambda row: row.pk)


def _counts(rows: list[Conversation]) -> list[ErasureCount]:
    entries = entries_about(Conversation, [row.pk for row in rows]).count()
    annotations = Annotation.objects.filter(conversation__in=rows)
    entries += entries_about(Annotation, annotations.values_list("pk", flat=True)).count()
    return [
        ErasureCount("conversations", len(rows)),
        ErasureCount("messages", sum(row.last_seq for row in rows)),
        ErasureCount("events", sum(row.event_count for row in rows)),
        ErasureCount("verdicts", annotations.count()),
        ErasureCount("notes of staff", Note.objects.filter(conversation__in=rows).count()),
        ErasureCount("replayed turns", ReplayedTurn.objects.filter(conversation__in=rows).count()),
        ErasureCount("audit log entries about conversations, their words", entries),
        *traces_of(examples_made_only_from(rows)).found(),
    ]
