"""Bots, what they are taught, their trained versions, and which version is live where."""

from training.models.bots import MAIN, PRODUCTION, Activation, Bot, BotFile, Environment
from training.models.data import Example, Intent, IntentChange, Response, Synonym
from training.models.jobs import Job
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
