"""The staff's pages of bots, what they are taught, jobs and versions."""

from training.admin.bots import BotAdmin, EnvironmentAdmin
from training.admin.data import IntentAdmin
from training.admin.evaluations import EvaluationAdmin
from training.admin.jobs import JobAdmin
from training.admin.versions import ModelVersionAdmin

__all__ = ["BotAdmin", "EnvironmentAdmin", "EvaluationAdmin", "IntentAdmin", "JobAdmin", "ModelVersionAdmin"]
