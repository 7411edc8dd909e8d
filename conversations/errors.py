"""What a sender is told when a message can't be taken, and staff when a change can't."""

from assistant.lib.errors import FrontdeskError


class BadMessage(FrontdeskError):
    code = "bad_message"


class Gone(FrontdeskError):
    """A colleague deleted it meanwhile."""

    code = "not_found"
    status = 404


class NotYours(FrontdeskError):
    code = "not_yours"
    status = 403


class EmptyMessage(BadMessage):
    code = "empty"


class MessageTooLong(BadMessage):
    code = "too_long"


class KeyReused(BadMessage):
    """The same client id came with another text."""

    code = "key_reused"
    status = 422
