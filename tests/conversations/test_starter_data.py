"""What Rasa's own validation cannot say about the starter assistant's data."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
SAID_BY_ACTIONS = {"utter_handoff", "utter_ask_affirmation", "utter_ask_rephrase", "utter_default"}


def test_it_knows_every_intent_by_fifteen_examples_or_more() -> None:
    counts = Counter(intent for _, intent in examples())
    assert set(counts) == intents()
    assert min(counts.values()) >= 15


def test_it_has_no_example_twice() -> None:
    assert [text for text, count in Counter(bare(text) for text, _ in examples()).items() if count > 1] == []


def test_it_has_no_held_out_question_among_its_examples() -> None:
    seen = {bare(text) for text, _ in examples()}
    assert [text for text, _ in held_out() if bare(text) in seen] == []


def test_it_has_held_out_questions_for_every_intent() -> None:
    counts = Counter(intent for _, intent in held_out())
    assert set(counts) == intents()
    assert min(counts.values()) >= 8
    assert counts["out_of_scope"] >= 120


def test_it_has_a_rule_for_every_intent() -> None:
    assert steps("intent") == intents() | {"nlu_fallback"}


def test_it_says_every_response_somewhere() -> None:
    spoken = {action for action in steps("action") if action.startswith("utter_")} | SAID_BY_ACTIONS
    assert {name for name in responses() if not name.startswith("utter_means_")} == spoken


def test_it_names_only_intents_that_exist() -> None:
    named = {name.removeprefix("utter_means_") for name in responses() if name.startswith("utter_means_")}
    assert named
    assert named <= intents()


def test_it_offers_only_buttons_that_lead_somewhere() -> None:
    payloads = {b["payload"] for said in responses().values() for v in said for b in v.get("buttons", [])}
    assert payloads <= {f"/{intent}" for intent in intents()}


@pytest.mark.parametrize("response", sorted(SAID_BY_ACTIONS | {"utter_greet", "utter_help", "utter_out_of_scope"}))
def test_it_varies_what_it_says_often(response: str) -> None:
    assert len({v["text"] for v in responses()[response]}) >= 2


def intents() -> set[str]:
    return {intent for domain in skill_files("domain") for intent in domain["intents"]}


def responses() -> dict[str, list[dict[str, Any]]]:
    return {name: said for domain in skill_files("domain") for name, said in domain["responses"].items()}


def steps(kind: str) -> set[str]:
    rules = [rule for file in skill_files("rules") for rule in file["rules"]]
    return {step[kind] for rule in rules for step in rule["steps"] if kind in step}


def examples() -> list[tuple[str, str]]:
    return [pair for file in skill_files("nlu") for pair in pairs(file)]


def held_out() -> list[tuple[str, str]]:
    return pairs(loaded(ROOT / "benchmarks/data/starter_heldout.yml"))


def pairs(nlu: dict[str, Any]) -> list[tuple[str, str]]:
    return [(line[2:], block["intent"]) for block in nlu["nlu"] for line in block["examples"].splitlines()]


def bare(text: str) -> str:
    """Without case and punctuation, unless nothing else is there."""
    return "".join(c for c in text.lower() if c.isalnum() or c == " ").strip() or text


def skill_files(name: str) -> list[dict[str, Any]]:
    return [loaded(ROOT / skill / "bot" / f"{name}.yml") for skill in settings.ASSISTANT_SKILLS]


def loaded(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))
