"""What an engine refuses or fails at."""

from assistant.lib.errors import FrontdeskError


class EngineError(FrontdeskError):
    code = "engine"
    status = 500


class TurnTimeout(EngineError):
    code = "turn_timeout"


class ModelRefused(EngineError):
    code = "model_refused"


class TrainingFailed(EngineError):
    code = "training_failed"
    status = 422


class Cancelled(EngineError):
    """Whoever asked for the work does not want it any more."""

    code = "cancelled"
    status = 409
