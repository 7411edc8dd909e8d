"""What is stored of a visitor: their conversations, and all that hangs on them."""

from __future__ import annotations

from collections import Counter

from assistant.lib.erasure import Found, Person, entries_about, erases
from conversations.channels.widget.visitors import visitor_of
from conversations.models import Annotation, Conversation, Note, ReplayedTurn
from conversations.selectors.people import conversations_of, conversations_with
from conversations.services.erasing import erase_conversation, learned_only_from
from training.services.erasing import traces_of


@erases("conversations")
class Conversations:
    def names(self, identifier: str) -> list[str]:
        """A visitor's token means the visitor."""
        visitor = visitor_of(identifier)
        rows = conversations_of(f"widget:{visitor}" if visitor else identifier)
        return [f"{channel}:{sender}" for channel, sender in rows.values_list("channel", "external_id")]

    def find(self, person: Person) -> list[Found]:
        return _stored(_conversations(person))

    def erase(self, person: Person) -> list[Found]:
        """One conversation at a time; what hangs on it is counted before it goes."""
        found: Counter[tuple[str, str]] = Counter()
        for row in _conversations(person):
            before = {(one.what, one.stays): one.count for one in _stored([row])}
            erase_conversation(conversation=row)
            found.update(before)
        return [Found(what, count, stays) for (what, stays), count in found.items()]


def _conversations(person: Person) -> list[Conversation]:
    rows = set(conversations_with(person.texts)) if person.texts else set[Conversation]()
    channel, _, sender = person.name.partition(":")
    rows |= set(Conversation.objects.filter(channel=channel, external_id=sender))
    return sorted(rows, key=lambda row: row.pk)


def _stored(rows: list[Conversation]) -> list[Found]:
    entries = entries_about(Conversation, [row.pk for row in rows]).count()
    judged = Annotation.objects.filter(conversation__in=rows)
    entries += entries_about(Annotation, judged.values_list("pk", flat=True)).count()
    return [
        Found("conversations", len(rows)),
        Found("messages", sum(row.last_seq for row in rows)),
        Found("events", sum(row.event_count for row in rows)),
        Found("verdicts", judged.count()),
        Found("notes of staff", Note.objects.filter(conversation__in=rows).count()),
        Found("replayed turns", ReplayedTurn.objects.filter(conversation__in=rows).count()),
        Found("audit log entries about conversations, their words", entries),
        *traces_of(learned_only_from(rows)).found(),
    ]
