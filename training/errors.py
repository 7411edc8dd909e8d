"""What can be wrong with what staff teach."""

from __future__ import annotations

from assistant.lib.errors import FrontdeskError


class BadExample(FrontdeskError):
    code = "bad_example"


class BadIntent(FrontdeskError):
    code = "bad_intent"


class BadResponse(FrontdeskError):
    code = "bad_response"


class BadSynonym(FrontdeskError):
    code = "bad_synonym"


class InUse(FrontdeskError):
    """Something else needs it."""

    code = "in_use"
    status = 409
