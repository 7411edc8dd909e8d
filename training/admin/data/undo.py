"""The offer to undo what was just done: a message with a button, signed, on the page that comes next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest

from training.models import Bot
from training.services import Merge

UNDO = "training_undoing"
TOKEN_AGE = 24 * 3600  # seconds


@dataclass(frozen=True)
class Undo:
    """`words` say what was done. `mark`: what was deleted under it; `moves`: by the intents that they had, the ids of
    examples with the revisions that they have since; `marks`: the same by the act that takes it back; `merge`: that of
    two intents."""

    words: str
    mark: datetime | None = None
    moves: Mapping[str, Sequence[tuple[int, int]]] | None = None
    marks: Mapping[str, Sequence[tuple[int, int]]] | None = None
    merge: Merge | None = None

    def token(self, bot: Bot) -> str:
        """Signed: else it could bring back what its bearer was never offered."""
        given = {
            "bot": bot.pk,
            "mark": self.mark and self.mark.isoformat(),
            "moves": self.moves,
            "marks": self.marks,
            "merge": self.merge and self.merge.as_json(),
        }
        return signing.dumps(given, salt=UNDO, compress=True)


def offer_undo(request: HttpRequest, undo: Undo, bot: Bot) -> None:
    """The next page says what was done, with a button that takes it back."""
    # A message's tags are all that Django keeps beside its words. On a page without the button they do no harm.
    messages.success(request, undo.words, extra_tags=f"{UNDO} {undo.token(bot)}")


def messages_and_undo(request: HttpRequest) -> tuple[list[Any], dict[str, str] | None]:
    """The messages for this page: those that only say something, and the newest that can be undone."""
    plain, undo = [], None
    # Django forgets each message that is looked at: a page that is loaded again offers nothing.
    for message in messages.get_messages(request):
        kind, _, token = (message.extra_tags or "").partition(" ")
        if kind == UNDO:
            undo = {"words": message.message, "token": token}
        else:
            plain.append(message)
    return plain, undo


def read_token(token: str) -> dict[str, Any]:
    """What a token says. Raises signing.BadSignature for what is not ours, or too old."""
    return dict(signing.loads(token, salt=UNDO, max_age=TOKEN_AGE))
