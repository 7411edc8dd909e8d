"""What staff do with the staff and with the log itself, in the words of the audit log."""

from __future__ import annotations

from assistant.lib.audit_phrases import Phrases, register_phrases

register_phrases("logentry", Phrases(name="what was stored of a person"))
register_phrases(
    "user",
    Phrases(
        name="a colleague",
        fields={
            "password": "gave a new password",
            "role": "changed a role",
            "examples of deleted conversations": "deleted examples with their conversations",
        },
    ),
)
