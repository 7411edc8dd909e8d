"""What an engine refuses or fails at."""

from assistant.lib.errors import FrontdeskError


class EngineError(FrontdeskError):
    """Something went wrong in the engine; the base of the others."""

    code = "engine"
    status = 500


class TurnTimeout(EngineError):
    """There was no answer in time."""

    code = "turn_timeout"


class ModelRefused(EngineError):
    """An archive that is not loaded. The message says why, for staff."""

    code = "model_refused"


class TrainingFailed(EngineError):
    """A training or a cross-validation that came to nothing. The message says why, for staff."""

    code = "training_failed"
    status = 422


class Cancelled(EngineError):
    """Whoever asked for the work does not want it any more."""

    code = "cancelled"
    status = 409
