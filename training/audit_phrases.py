"""What staff do with training data, models and jobs, in the words of the audit log."""

from __future__ import annotations

from assistant.lib.audit_phrases import Phrases, register_phrases

register_phrases("environment", Phrases(fields={"active_version": "put a model live"}))
register_phrases("example", Phrases(name="an example"))
register_phrases(
    "intent",
    Phrases(
        name="an intent",
        fields={"merged_into": "merged an intent into another", "answer": "changed the answer of an intent"},
        said_of_any_action=frozenset({"merged_into"}),
    ),
)
register_phrases(
    "job",
    Phrases(
        fields={
            "cancel_asked": "cancelled a job",
            "kind": {
                "evaluate": "asked for an evaluation",
                "cross_validate": "asked for a cross-validation",
                "train": "asked for a training",
                "check_upload": "had an upload checked",
                "replay": "asked for a replay",
                None: "asked for a job",
            },
        },
        said_of_any_action=frozenset({"kind"}),
        hidden=frozenset({"kind"}),
    ),
)
register_phrases(
    "modelversion",
    Phrases(
        name="a model",
        fields={
            "downloaded": "downloaded a model",
            "training_set": "asked for a training",
            "sha256": "uploaded a model",
            "note": "described a model",
        },
        said_of_any_action=frozenset({"training_set", "sha256"}),
    ),
)
