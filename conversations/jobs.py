"""What conversations add to the queue of jobs."""

from __future__ import annotations

from conversations.services.replays import KIND, replay_conversations
from training.jobs import handles

handles(KIND)(replay_conversations)
