"""What a sender is told when a message can't be stored, and staff when a change can't be made."""

from assistant.lib.errors import FrontdeskError


class BadMessage(FrontdeskError):
    """A message, or what came with it, is not as it must be."""

    code = "bad_message"


class Gone(FrontdeskError):
    """A colleague deleted it meanwhile."""

    code = "not_found"
    status = 404


class NotYours(FrontdeskError):
    """Only whoever wrote it may change it."""

    code = "not_yours"
    status = 403


class EmptyMessage(BadMessage):
    """Neither text nor a button's payload."""

    code = "empty"


class MessageTooLong(BadMessage):
    """More characters than MESSAGE_MAX_CHARS."""

    code = "too_long"


class KeyReused(BadMessage):
    """The same client id came with another text."""

    code = "key_reused"
    status = 422
