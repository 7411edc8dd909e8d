"""What training data may look like. Each function returns the value as it is kept, or raises with words for whoever
wrote it."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeVar

from assistant.lib import strict_json
from assistant.lib.errors import FrontdeskError
from training.errors import BadExample, BadIntent, BadResponse, BadSynonym
from training.models import Example

LONGEST_TEXT, LONGEST_NAME, LONGEST_NEW_NAME = 4000, 255, 80
MAX_ENTITIES, MAX_VARIATIONS, MAX_VARIATION = 50, 50, 20_000
RESERVED_INTENTS = ("None", "nlu_fallback", "null", "session_start")  # the engine's own, and what reads as nothing
# Blanks, slashes, braces and quotes mean something in Rasa's files and in the payloads of buttons.
INTENT = re.compile(r"[^\s/{}\[\]@:,;\"'\\]+(/[^\s/{}\[\]@:,;\"'\\]+)?")
RESPONSE = re.compile(r"utter_[^\s{}\[\]@:,;\"'\\]+")
ENTITY = re.compile(r"[^\s\[\](){}:/\"'\\]+")
HANGUL_FILLERS = set("\u115f\u1160\u3164\uffa0")  # letters to Unicode, blanks to the eye
ENTITY_FIELDS = ("role", "group")
Entity = dict[str, Any]
Marked = TypeVar("Marked", bound=Mapping[str, Any])


def checked_text(text: str) -> str:
    """Of an example, without blanks around it. Raises BadExample."""
    if not isinstance(text, str) or not text.strip():
        raise BadExample("Write what the visitor says: an example can't be empty.", field="text")
    _check_characters(text, BadExample, "text")
    if len(text.strip()) > LONGEST_TEXT:
        raise BadExample(f"An example has at most {LONGEST_TEXT:,} characters; this one has {len(text):,}.")
    return text.strip()


def checked_entities(text: str, entities: Iterable[Mapping[str, Any]]) -> list[Entity]:
    """Sorted by place. `text` is as it was when they were marked: their offsets move when its ends are stripped. Raises
    BadExample."""
    offset = len(text) - len(text.lstrip())
    checked = [_checked_entity(entity, text.strip(), offset) for entity in entities]
    if len(checked) > MAX_ENTITIES:
        raise BadExample(f"An example has at most {MAX_ENTITIES} entities.", field="entities")
    checked.sort(key=lambda entity: (entity["start"], entity["end"]))
    for one, other in pairwise(checked):
        if _overlap(one, other):
            raise BadExample("Two entities overlap: mark each word once.", field="entities")
    return checked


def without_overlaps(entities: Iterable[Marked]) -> list[Marked]:
    """Of those that share a place the first and longest; in the very same place one of each name. `start` and `end`
    are numbers."""
    kept = list[Marked]()
    for entity in sorted(entities, key=lambda it: (it["start"], -it["end"])):
        if not any(_overlap(one, entity) for one in kept):
            kept.append(entity)
    return kept


def checked_use(use: str) -> str:
    """Raises BadExample."""
    if use not in Example.Use.values:
        raise BadExample(f"An example is for training or held out, not '{use}'.", field="use")
    return use


def checked_intent(name: str) -> str:
    """Raises BadIntent. As in Rasa, one `/` makes a retrieval intent (`faq/opening_hours`)."""
    name = _checked_name(name, BadIntent)
    if name in RESERVED_INTENTS:
        raise BadIntent(f"'{name}' is a name that the engine keeps for itself.")
    if not INTENT.fullmatch(name):
        raise _bad_intent(name)
    return name


def checked_new_intent(name: str) -> str:
    """Of what is made anew more is asked than of what came with a project: it can be read, and typed. Raises
    BadIntent."""
    name = checked_intent(name)
    if len(name) > LONGEST_NEW_NAME:
        raise BadIntent(f"A new name has at most {LONGEST_NEW_NAME} characters; this one has {len(name)}.")
    kinds = {character: unicodedata.category(character)[0] for character in name}
    # Letters, digits and the marks on them, in any writing.
    readable = {it for it, kind in kinds.items() if kind in "LNM" and it not in HANGUL_FILLERS}
    if not readable.issuperset(set(name) - set("_-./")):
        raise _bad_intent(name)
    # Dots and dashes alone are no name, on neither side of a slash.
    if not all(any(kinds[it] in "LN" for it in part) for part in name.split("/")):
        raise _bad_intent(name)
    return name


def checked_response(name: str) -> str:
    """A response's name. Raises BadResponse."""
    name = _checked_name(name, BadResponse)
    if not RESPONSE.fullmatch(name):
        raise BadResponse(f"'{name}' can't be a response's name: it starts with utter_ and has no spaces.")
    return name


def checked_variations(variations: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rasa's response dictionaries. Raises BadResponse."""
    if not isinstance(variations, list | tuple) or not variations:
        raise BadResponse("A response needs at least one variation.")
    if len(variations) > MAX_VARIATIONS:
        raise BadResponse(f"A response has at most {MAX_VARIATIONS} variations.")
    return [_checked_variation(variation, number) for number, variation in enumerate(variations, 1)]


def checked_synonym(text: str, what: str) -> str:
    """`what` it is, in words: the text or the value. Raises BadSynonym."""
    text = _checked_name(text, BadSynonym, what)
    if len(text.splitlines()) > 1:
        raise BadSynonym(f"{what.capitalize()} stands on one line.")
    return text


def _bad_intent(name: str) -> BadIntent:
    shown = "".join(character if character.isprintable() else "\ufffd" for character in name)
    hint = "Use letters, digits and underscores, as in ask_opening_hours. One slash makes a retrieval intent."
    return BadIntent(f"'{shown}' can't be an intent's name. {hint}")


def _checked_entity(entity: Mapping[str, Any], text: str, offset: int) -> Entity:
    try:
        start, end, name = int(entity["start"]) - offset, int(entity["end"]) - offset, str(entity["entity"]).strip()
    except (KeyError, TypeError, ValueError, OverflowError):
        raise BadExample("An entity needs its start, its end and its name.", field="entities") from None
    if not 0 <= start < end <= len(text) or not text[start:end].strip():
        raise BadExample(f"The entity {name} marks no part of the text.", field="entities")
    if not ENTITY.fullmatch(name) or len(name) > LONGEST_NAME:
        raise BadExample(f"'{name}' can't be an entity's name: use letters, digits and underscores.", field="entities")
    value = entity.get("value")
    kept = {field: _short(entity[field]) for field in ENTITY_FIELDS if entity.get(field)}
    whole = value if isinstance(value, int | float) else _short(value) or text[start:end]
    if not strict_json.is_storable(whole):
        raise BadExample(f"The value of {name} is no number that can be kept.", field="entities")
    return {"start": start, "end": end, "entity": name, "value": whole, **kept}


def _overlap(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """`other` begins no earlier. The same place may have several names."""
    same = (one["start"], one["end"]) == (other["start"], other["end"])
    return bool(other["start"] < one["end"] and not (same and one["entity"] != other["entity"]))


def _short(value: Any) -> str:
    text = "" if value is None else str(value).strip()
    _check_characters(text, BadExample, "entities")
    if len(text) > LONGEST_NAME:
        raise BadExample(f"An entity's value, role or group has at most {LONGEST_NAME} characters.", field="entities")
    return text


def _checked_variation(variation: Mapping[str, Any], number: int) -> dict[str, Any]:
    if not isinstance(variation, Mapping) or not any(variation.values()):
        raise BadResponse(f"Variation {number} is empty: write what the assistant says.")
    kept = {str(key): value for key, value in variation.items() if value not in ("", None, [])}
    if not isinstance(kept.get("text", ""), str):
        raise BadResponse(f"The text of variation {number} has to be a text.")
    buttons = kept.get("buttons", [])
    if not isinstance(buttons, list) or not all(isinstance(it, dict) and it.get("title") for it in buttons):
        raise BadResponse(f"Every button of variation {number} needs a title.")
    if not strict_json.is_storable(kept):
        raise BadResponse(f"Variation {number} has a character or a number that can't be kept (NUL, infinity).")
    written = json.dumps(kept, ensure_ascii=False)
    _check_characters(written, BadResponse, "variations")
    if len(written) > MAX_VARIATION:
        raise BadResponse(f"Variation {number} has more than {MAX_VARIATION:,} characters.")
    return kept


def _checked_name(name: str, error: type[FrontdeskError], what: str = "the name") -> str:
    name = name.strip() if isinstance(name, str) else ""
    if not name:
        raise error(f"{what.capitalize()} is missing.")
    _check_characters(name, error, "name")
    if len(name) > LONGEST_NAME:
        raise error(f"{what.capitalize()} has at most {LONGEST_NAME} characters.")
    return name


def _check_characters(text: str, error: type[FrontdeskError], field: str) -> None:
    if not strict_json.is_storable_text(text):
        raise error("It has a character that can't be kept (NUL or half of an emoji).", field=field)
