"""What the load says: questions of the starter assistant's visitors, with details and slips of their own."""

from __future__ import annotations

import random

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_QUESTIONS = (
    "hi",
    "hello there",
    "what are your opening hours on {day}?",
    "when do you close on {day}",
    "are you open on {day} the {number}th?",
    "what's your phone number?",
    "where are you located?",
    "how do I get to you on {day}",
    "is there parking on {day}?",
    "how much does it cost for {number} people?",
    "what are your prices",
    "can I pay by card",
    "do you take credit cards on {day}",
    "can I get a refund for order {number}?",
    "I want my money back, order {number}",
    "how long does delivery take for {number} items?",
    "what services do you offer?",
    "I forgot my password",
    "where is my order {number}?",
    "are you hiring?",
    "what do you do with my data?",
    "I'd like to make an appointment on {day}",
    "thank you so much",
)
_BEFORE = ("", "", "", "hey, ", "sorry, ", "one more thing: ")
_AFTER = ("", "", "", " please", " thanks", " :)")
_SLIPS = 0.3  # of all messages have a letter too many


class Script:
    """The texts of one run; the same seed says the same."""

    def __init__(self, seed: int = 7) -> None:
        self._random = random.Random(seed)

    def next(self) -> str:
        pick = self._random.choice
        question = pick(_QUESTIONS).format(day=pick(_DAYS), number=self._random.randrange(2, 99999))
        text = f"{pick(_BEFORE)}{question}{pick(_AFTER)}"
        return self._slip(text) if self._random.random() < _SLIPS else text

    def _slip(self, text: str) -> str:
        place = self._random.randrange(len(text))
        return text[:place] + text[place] + text[place:]
