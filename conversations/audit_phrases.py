"""What staff do with conversations, in the words of the audit log."""

from __future__ import annotations

from assistant.lib.audit_phrases import Phrases, register_phrases

_KEPT = "changed how long conversations are kept"

register_phrases(
    "annotation",
    Phrases(
        fields={
            "verdict": {
                "corrected": "corrected an intent",
                "correct": "confirmed an intent",
                "": "took a verdict back",
            },
            "flagged": {True: "flagged a message", False: "took a flag back"},
        },
        seen_on="conversation",
    ),
)
register_phrases(
    "conversation",
    Phrases(
        fields={
            "tags": "tagged a conversation",
            "note": {"": "deleted a note", None: "wrote a note"},
            "saved for later": {
                True: "saved a conversation for later",
                False: "took a conversation off the later list",
            },
            "state": {
                "bot": "took care of who waited for a person",
                "waiting": "let somebody wait for a person again",
            },
            "reviewed messages": {
                0: "marked a conversation as not reviewed",
                None: "marked a conversation as reviewed",
            },
        }
    ),
)
register_phrases(
    "replay", Phrases(fields={"versions": "asked for a replay"}, said_of_any_action=frozenset({"versions"}))
)
register_phrases("retention", Phrases(fields={"days": _KEPT, "keep_marked": _KEPT}))
