"""The kinds of jobs that conversations bring."""

from __future__ import annotations

from conversations.services.replays import KIND, replay_conversations
from training.jobs import register_handler

register_handler(KIND)(replay_conversations)
