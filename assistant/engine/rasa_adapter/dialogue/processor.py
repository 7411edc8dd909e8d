"""One turn of a conversation, after `rasa.core.processor.MessageProcessor`: without stores, locks and copies."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

from rasa.core.actions.action import (
    Action,
    ActionBotResponse,
    ActionExecutionRejection,
    ActionExtractSlots,
    create_bot_utterance,
)
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.nlg import NaturalLanguageGenerator
from rasa.core.policies.policy import PolicyPrediction
from rasa.core.processor import MAX_NUMBER_OF_PREDICTIONS, MessageProcessor
from rasa.engine.loader import load_predict_graph_runner
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.shared.core.constants import ACTION_DEFAULT_FALLBACK_NAME, ACTION_LISTEN_NAME
from rasa.shared.core.events import ActionExecuted, ActionExecutionRejected, Event, UserUttered
from rasa.shared.data import TrainingType

from assistant.engine.rasa_adapter.dialogue.actions import (
    ActionFailed,
    InProcessActions,
    log_action_failure,
    running_turn,
)
from assistant.engine.rasa_adapter.dialogue.graph_runner import StraightRunner
from assistant.engine.rasa_adapter.dialogue.tracker import BoundedTracker
from assistant.engine.types import Json, OutMessage, Parse, Reply, Turn

DEFAULT_RESPONSE = "utter_default"
APOLOGY = "Sorry, something went wrong on our side. Please try again."


class CollectedMessages(CollectingOutputChannel):
    """Keeps the bot's messages, each with the action that said it. `channel` selects channel-specific responses."""

    def __init__(self, channel: str) -> None:
        super().__init__()
        self.channel = "collector" if channel == "rest" else channel
        self.actions: list[str] = []

    def name(self) -> str:
        return self.channel

    def said_by(self, action: str) -> None:
        """The messages since the last call are of this action."""
        self.actions += [action] * (len(self.messages) - len(self.actions))

    def out(self) -> list[OutMessage]:
        """All messages, in their order."""
        return [
            OutMessage(
                text=message.get("text") or "",
                buttons=message.get("buttons") or (),
                image=message.get("image") or "",
                attachment=message.get("attachment"),
                custom=message.get("custom"),
                action=action,
            )
            for message, action in zip(self.messages, self.actions, strict=True)
        ]


class TurnProcessor(MessageProcessor):
    """A loaded model. `storage`: an empty folder for the archive's parts, needed only while loading."""

    def __init__(self, archive: Path, storage: Path) -> None:
        self.model_metadata, self.graph_runner = load_predict_graph_runner(
            storage, archive, LocalModelStorage, StraightRunner
        )
        self.domain = self.model_metadata.domain
        self.nlg = NaturalLanguageGenerator.create(None, self.domain)
        self.action_endpoint = InProcessActions()
        self._extract_slots = ActionExtractSlots(self.action_endpoint)
        self.max_number_of_predictions = MAX_NUMBER_OF_PREDICTIONS
        self.on_circuit_break = self.http_interpreter = None
        self.model_filename, self.model_path = archive.name, archive

    async def respond(self, turn: Turn, tracker: BoundedTracker) -> Reply:
        """Takes the tracker on by one turn. The tracker is spoilt if this raises."""
        started, before = perf_counter(), len(tracker.events)
        running_turn.get().dry = turn.dry_run
        tracker.model_id, tracker.assistant_id = self.model_metadata.model_id, self.model_metadata.assistant_id
        tracker.begin_turn()
        channel = CollectedMessages(turn.input_channel)
        metadata = {**turn.metadata, "turn_key": turn.key} if turn.key else dict(turn.metadata)
        text = _encodable(turn.text)
        message = UserMessage(text, channel, turn.sender, input_channel=turn.input_channel, metadata=metadata)
        await self._update_tracker_session(tracker, channel, message.metadata)
        channel.said_by("action_session_start")
        parsing = perf_counter()
        message.parse_data = await self.parse_message(message, tracker)
        parsed = perf_counter()
        await self._handle_message_with_tracker(message, tracker)
        if self.model_metadata.training_type != TrainingType.NLU:
            await self.run_action_extract_slots(channel, tracker)
            channel.said_by("action_extract_slots")
            if running_turn.get().failed and self._should_handle_message(tracker):
                tracker.update(ActionExecuted(ACTION_DEFAULT_FALLBACK_NAME))
                await self._apologise(channel, tracker)
            else:
                await self._run_prediction_loop(channel, tracker)
        if away := running_turn.get().away:
            raise away  # an apology would be the answer for good: the turn is tried again
        answered = perf_counter()
        events = [event.as_dict() for event in tracker.events[before:]]
        tracker.forget_far_past()
        snapshot = tracker.snapshot()
        actions = running_turn.get().seconds
        seconds = {
            "parse": parsed - parsing,
            "actions": actions,
            "dialogue": answered - parsed - actions + parsing - started,
            "snapshot": perf_counter() - answered,
        }
        return _reply(parse_of(message.parse_data), channel, events, snapshot, seconds)

    async def parse(self, text: str) -> Parse:
        """What the model understands of a text, without a conversation."""
        return parse_of(await self.parse_message(UserMessage(_encodable(text))))

    async def run_action_extract_slots(
        self, output_channel: CollectedMessages, tracker: BoundedTracker
    ) -> BoundedTracker:
        events = await self._extract_slots.run(output_channel, self.nlg, tracker, self.domain)
        await self._send_bot_messages(events, tracker, output_channel)
        tracker.update_with_events(events, self.domain)
        return tracker

    async def _run_action(
        self,
        action: Action,
        tracker: BoundedTracker,
        output_channel: CollectedMessages,
        nlg: NaturalLanguageGenerator,
        prediction: PolicyPrediction,
    ) -> bool:
        """As in Rasa, but a failed action ends the turn with the default reply: what would follow builds on it."""
        trial = tracker.copy()
        trial.update_with_events(prediction.events, self.domain)
        try:
            events = await action.run(output_channel, nlg, trial, self.domain)
        except ActionExecutionRejection:
            tracker.update(ActionExecutionRejected(action.name(), prediction.policy_name, prediction.max_confidence))
            return self.should_predict_another_action(action.name())
        except Exception as error:
            if not isinstance(error, ActionFailed):  # that one has been noted
                running_turn.get().fail(action.name())
                log_action_failure(action.name(), error)
            self._log_action_on_tracker(tracker, action, [], prediction)
            await self._apologise(output_channel, tracker)
            return False
        self._log_action_on_tracker(tracker, action, events, prediction)
        if any(isinstance(event, UserUttered) for event in events or ()):
            await self.run_action_extract_slots(output_channel, tracker)
        await self._send_bot_messages(events or [], tracker, output_channel)
        output_channel.said_by(action.name())
        return self.should_predict_another_action(action.name())

    def _log_action_on_tracker(
        self, tracker: BoundedTracker, action: Action, events: list[Event] | None, prediction: PolicyPrediction
    ) -> None:
        if not any(isinstance(event, ActionExecutionRejected) for event in events or ()):
            tracker.update_with_events(prediction.events, self.domain)
            tracker.update(action.event_for_successful_execution(prediction))
        tracker.update_with_events(events or [], self.domain)

    async def _apologise(self, channel: CollectedMessages, tracker: BoundedTracker) -> None:
        events = await ActionBotResponse(DEFAULT_RESPONSE, silent_fail=True).run(
            channel, self.nlg, tracker, self.domain
        )
        events = events or [create_bot_utterance({"text": APOLOGY})]
        await self._send_bot_messages(events, tracker, channel)
        channel.said_by(DEFAULT_RESPONSE)
        tracker.update_with_events([*events, ActionExecuted(ACTION_LISTEN_NAME)], self.domain)

    @staticmethod
    def _log_slots(tracker: BoundedTracker) -> None:
        """Rasa formats all slots here, for a debug log."""

    def _check_for_unseen_features(self, parse_data: Json) -> None:
        """Rasa compares with the domain here, for a warning that training gives, too."""


def _encodable(text: str) -> str:
    """JSON may bring half a surrogate pair, at which some components break."""
    return text.encode("utf-8", "replace").decode()


def parse_of(data: Json) -> Parse:
    """Of what Rasa's pipeline gives."""
    intent = data.get("intent") or {}
    return Parse(
        text=data.get("text") or "",
        intent=intent.get("name") or "",
        confidence=float(intent.get("confidence") or 0.0),
        ranking=[{"name": row["name"], "confidence": row["confidence"]} for row in data.get("intent_ranking") or ()],
        entities=data.get("entities") or [],
    )


def _reply(understood: Parse, channel: CollectedMessages, events: list[Json], snapshot: Json, seconds: Json) -> Reply:
    return Reply(
        events=events,
        messages=channel.out(),
        intent=understood.intent,
        confidence=understood.confidence,
        ranking=understood.ranking,
        entities=understood.entities,
        snapshot=snapshot,
        timings={stage: round(value * 1000, 3) for stage, value in seconds.items()},
        error=running_turn.get().error,
    )
