"""What staff taught the bots in a person's words. What was learned in conversations goes with the conversation."""

from __future__ import annotations

from assistant.lib.erasure import ErasureCount, Person, register_store
from training.services.erasing import elsewhere_with, erase_examples, examples_with, traces_of


@register_store("examples")
class TaughtTexts:
    def names(self, identifier: str) -> list[str]:
        return []

    def find(self, person: Person) -> list[ErasureCount]:
        return [*traces_of(examples_with(person.texts)).found(), *elsewhere_with(person.texts)]

    def erase(self, person: Person) -> list[ErasureCount]:
        gone = erase_examples(examples=examples_with(person.texts)).found()
        return [*gone, *elsewhere_with(person.texts)]
