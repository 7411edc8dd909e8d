"""What can be wrong with training data, and with what staff ask of it."""

from __future__ import annotations

from assistant.lib.errors import FrontdeskError


class BadExample(FrontdeskError):
    """Its text, entities or use."""

    code = "bad_example"


class BadIntent(FrontdeskError):
    """Its name, or it was deleted meanwhile."""

    code = "bad_intent"


class BadResponse(FrontdeskError):
    """Its name or its variations."""

    code = "bad_response"


class BadSynonym(FrontdeskError):
    """Its text or its value."""

    code = "bad_synonym"


class InUse(FrontdeskError):
    """Something else needs it."""

    code = "in_use"
    status = 409
