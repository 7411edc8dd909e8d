"""Bots, their training data, their trained versions, and which version is live where."""

from training.models.bots import MAIN, PRODUCTION, Activation, Bot, BotFile, Environment
from training.models.jobs import Job
from training.models.training_data import Example, Intent, IntentChange, Response, Synonym
from training.models.versions import Evaluation, ModelVersion, TrainingSet

__all__ = [
    "MAIN",
    "PRODUCTION",
    "Activation",
    "Bot",
    "BotFile",
    "Environment",
    "Evaluation",
    "Example",
    "Intent",
    "IntentChange",
    "Job",
    "ModelVersion",
    "Response",
    "Synonym",
    "TrainingSet",
]
