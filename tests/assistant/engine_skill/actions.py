"""The actions of the tests' sample bot."""

import threading
import time
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import FormValidationAction
from rasa_sdk.interfaces import ActionExecutionRejection

Events = list[dict[str, Any]]
let_go = threading.Event()


class Sleep(Action):
    safe_to_replay = True

    def name(self) -> str:
        return "action_sleep"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        time.sleep(0.3)
        dispatcher.utter_message(text="Slept.")
        return []


class Hang(Action):
    def name(self) -> str:
        return "action_hang"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        let_go.wait(10)
        return []


class Fail(Action):
    def name(self) -> str:
        return "action_fail"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        raise ValueError(f"cannot work with {tracker.latest_message['text']}")


class TellKey(Action):
    def name(self) -> str:
        return "action_tell_key"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        metadata = tracker.latest_message["metadata"]
        dispatcher.utter_message(text=f"{metadata['turn_key']} {metadata.get('page', '')}".strip())
        return [SlotSet("told", True)]


class Nonsense(Action):
    def name(self) -> str:
        return "action_nonsense"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Any:
        return ["this is no event"]


class ValidateTableForm(FormValidationAction):
    def name(self) -> str:
        return "validate_table_form"

    def validate_people(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> dict[str, Any]:
        if value == "reject":
            raise ActionExecutionRejection("table_form")
        return {"people": value if str(value).isdigit() else None}
