"""What a sender is told when a message can't be taken, and staff when a change can't."""

from assistant.lib.errors import FrontdeskError


class BadMessage(FrontdeskError):
    code = "bad_message"


class EmptyMessage(BadMessage):
    code = "empty"


class MessageTooLong(BadMessage):
    code = "too_long"


class KeyReused(BadMessage):
    """The same client id came with another text."""

    code = "key_reused"
    status = 422
