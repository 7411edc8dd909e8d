"""The worst that a visitor and a careless bot can do to the engine together: expressions without end, texts as long as
a message may be. What they cost is measured in processor time, so that a busy machine does not matter."""

from __future__ import annotations

import gc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter, process_time, sleep

import psutil
import pytest

from assistant.engine import Bundle, Model
from assistant.engine.types import Engine
from tests.assistant.engine_conversations import Talk, recorded
from tests.assistant.test_nlu_component import WORST
from tests.shared import once

pytestmark = pytest.mark.rasa
CONFIG = """\
recipe: default.v1
assistant_id: careless
language: en
pipeline:
- name: WhitespaceTokenizer
  token_pattern: '(?:\\w|\\S)+(?:\\w|-)+-?'
- name: RegexFeaturizer
- name: LexicalSyntacticFeaturizer
- name: CountVectorsFeaturizer
  analyzer: char_wb
  min_ngram: 1
  max_ngram: 4
- name: assistant.engine.rasa_adapter.components.MiniLMFeaturizer
- name: LogisticRegressionClassifier
- name: KeywordIntentClassifier
- name: CRFEntityExtractor
- name: RegexEntityExtractor
- name: EntitySynonymMapper
- name: FallbackClassifier
policies:
- name: RulePolicy
"""
NLU = r"""
version: "3.1"
nlu:
- intent: order
  examples: |
    - send 12 boxes to [berlin](city)
    - I want 3 boxes in [paris](city)
    - (a|aa)+$
- intent: greet
  examples: |
    - hello
    - good morning aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!
- regex: city
  examples: |
    - (a|aa)+$
    - ^(\w+\s?)*\d$
    - \bcity of \w+
- lookup: city
  examples: |
    - berlin
    - rome
"""
DOMAIN = """
version: "3.1"
intents: [order, greet]
entities: [city]
slots:
  city:
    type: text
    mappings:
    - type: from_entity
      entity: city
responses:
  utter_hello:
  - text: Hello!
"""
RULES = """
version: "3.1"
rules:
- rule: hello
  steps:
  - intent: greet
  - action: utter_hello
"""
ENDLESS = ["a" * 60 + "!", "a" * 3999 + "!", "aa " * 1333 + "!", "-" * 3999 + "a", "a-" * 1999 + "!", "1 " * 2000]
OTHERS = [
    "/greet" + '{"city": ' * 440,
    "/" * 4000,
    '/greet{"city": ' + "[" * 3900 + "]" * 80 + "}",
    '/greet{"city": 1e999}',
    '/greet{"city": "\\u0000"}',
    '/greet{"city": "\\ud800"}',
    "{}" * 2000,
    '"' * 4000,
    "https://example.com/" + "a/" * 1990,
    "\U0001f44d" * 4000,
    "[a](city) " * 400,
]


@pytest.fixture(scope="module")
def careless(rasa_engine: Engine) -> Model:
    """Trained once a test run: what looks at the clock runs on a worker of its own."""
    files = {"config.yml": CONFIG, "domain.yml": DOMAIN, "data/nlu.yml": NLU, "data/rules.yml": RULES}
    folder = once("careless", lambda folder: rasa_engine.train(Bundle(files), folder, "careless"))
    return recorded(folder / "careless.tar.gz")


def test_it_answers_whatever_is_said_in_little_time_and_memory(rasa_engine: Engine, careless: Model) -> None:
    talk = Talk(rasa_engine, careless)
    assert [message.text for message in talk.say("hello").messages] == ["Hello!"]
    texts = [*WORST.values(), *ENDLESS, *OTHERS]
    seconds = {text[:20]: timed(lambda text=text: talk.say(text)) for text in texts}
    before = memory()
    for text in texts:
        seconds[text[:20]] = min(seconds[text[:20]], timed(lambda text=text: talk.say(text)))
    assert max(seconds.values()) < 0.5, seconds
    assert memory() - before < 30, "MB stay"
    assert [message.text for message in talk.say("hello").messages] == ["Hello!"]
    assert [it["value"] for it in talk.say("send 2 to the city of rome").entities][-2:] == ["city of rome", "rome"]


@pytest.mark.clock
def test_it_answers_others_while_one_says_the_worst(rasa_engine: Engine, careless: Model) -> None:
    """Far more often than limits let a visitor."""

    def say_the_worst() -> None:
        talk = Talk(rasa_engine, careless)
        for text in sorted({*WORST.values(), *ENDLESS, *OTHERS}):
            talk.say(text)
            sleep(0.1)

    other, waits = Talk(rasa_engine, careless), list[float]()
    with ThreadPoolExecutor(1) as thread:
        attack = thread.submit(say_the_worst)
        while not attack.done():
            waits.append(waited(lambda: other.say("hello")))
            sleep(0.02)
        attack.result()
    assert len(waits) > 40
    assert sorted(waits)[int(len(waits) * 0.95)] < 0.5, waits


def waited(work: Callable[[], object]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began


def timed(work: Callable[[], object]) -> float:
    began = process_time()
    work()
    return process_time() - began


def memory() -> float:
    """MB that this process has."""
    gc.collect()
    return float(psutil.Process().memory_info().rss / 1024**2)
