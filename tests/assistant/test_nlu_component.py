"""The intent classifier of the starter pipeline, through Rasa's own component interface and as the model inside it."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from time import thread_time
from typing import Any

import numpy as np
import pytest

from assistant.embeddings import embed_layers
from assistant.engine.rasa_adapter.nlu import kernel_ridge
from assistant.engine.rasa_adapter.nlu.spelling import SpellingCorrector
from assistant.engine.rasa_adapter.nlu.text_classifier import TextClassifier

EXAMPLES = {
    "opening_hours": ["when are you open", "what time do you close", "opening hours on sunday", "are you open today"],
    "prices": ["how much does it cost", "what is the price", "your rates please", "is it expensive"],
    "goodbye": ["bye", "see you later", "good night", "talk to you soon"],
    "human": ["let me talk to a person", "I want an agent", "connect me to a colleague", "a real human please"],
}
PAIRS = [(text, intent) for intent, texts in EXAMPLES.items() for text in texts]
UNSEEN = {
    "until when are you open in the evening": "opening_hours",
    "what do I have to pay": "prices",
    "goodbye then": "goodbye",
    "can somebody from your staff help me": "human",
}


def train(pairs: list[tuple[str, str]]) -> TextClassifier:
    return TextClassifier.train(*zip(*pairs, strict=True))


def asked(intents: TextClassifier, text: str) -> tuple[str, float]:
    return intents.rank(text)[0]


def test_it_knows_questions_that_it_has_not_seen() -> None:
    model = train(PAIRS)
    assert {text: asked(model, text)[0] for text in UNSEEN} == UNSEEN


def test_it_is_less_sure_of_what_no_intent_is_about() -> None:
    model = train(PAIRS)
    strange = ["who won the football world cup in 1954", "recite a poem about submarines", "xkcd qwerty zzz"]
    assert max(asked(model, text)[1] for text in strange) < min(asked(model, text)[1] for text in UNSEEN)


def test_it_answers_its_own_examples_as_it_was_taught() -> None:
    model = train(PAIRS)
    assert {text: asked(model, text) for text, _ in PAIRS} == {text: (intent, 1.0) for text, intent in PAIRS}


@pytest.mark.parametrize("text", ["WHEN are you  open?!", "  when, are you open... ", "When-are-you-open"])
def test_it_does_not_mind_case_punctuation_or_spacing_in_an_example(text: str) -> None:
    assert asked(train(PAIRS), text) == ("opening_hours", 1.0)


def test_it_takes_a_correction_that_goes_against_everything_else() -> None:
    model = train([*PAIRS, ("when are you open for a price talk", "goodbye")])
    assert asked(model, "when are you open for a price talk?") == ("goodbye", 1.0)


def test_it_goes_by_the_last_word_on_a_text_with_two_intents() -> None:
    assert asked(train([*PAIRS, ("bye", "human")]), "Bye!") == ("human", 1.0)


@pytest.mark.parametrize("text", ["a real humna plaese", "what is the prcie", "oppening hours on sundday"])
def test_it_reads_over_slips_of_the_keyboard(text: str) -> None:
    name, confidence = asked(train(PAIRS), text)
    assert name == {"a": "human", "w": "prices", "o": "opening_hours"}[text[0]]
    assert confidence > 0.5


def test_it_leaves_words_alone_that_it_knows_or_cannot_guess() -> None:
    spelling = SpellingCorrector(["frontdesk"], {"open": 1, "walnut": 2, "opens": 3})
    assert spelling.correct("Frontdesk OPEN walnuts xyzzyq 1234 ope") == "Frontdesk OPEN walnuts xyzzyq 1234 ope"


def test_it_mends_slips_in_a_text_that_has_words_without_end() -> None:
    spelling = SpellingCorrector(["frontdesk", "a" * 4000], {"open": 1})
    assert spelling.correct(f"frontdesc {'a' * 3999} opne") == f"frontdesk {'a' * 3999} open"


OCTAL = str.maketrans("01234567", "abcdfghk")
# Each as long as a message may be, or nearly.
WORST = {
    "a word": "abcdefghij" * 400,
    "words of no language": " ".join(f"q{number:o}z".translate(OCTAL) * 4 for number in range(0o1000, 0o1310)),
    "a word in Chinese": "".join(map(chr, range(0x4E00, 0x4E00 + 4000))),
    "signs that stand for many": "\ufdfa" * 4000,
    "accents on one letter": "a" + "\u0301\u0316" * 1999,
    "families": "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466" * 570,
    "letters": " ".join(map(chr, range(0x4E00, 0x4E00 + 2000))),
    "slashes": "/" * 4000,
    "nothing to see": "\u202e\u200f\u200b\u2060" * 1000,
    "NUL": "\0" * 4000,
    "halves of pairs": "\ud800" * 4000,
}


def test_it_takes_no_text_long_or_much_memory() -> None:
    """In processor time of this thread, so that a busy machine does not matter. A word of 4,000 letters took 870 ms
    and 1.7 GB, 4,000 Chinese signs 2.6 s."""
    model = train(PAIRS)
    asked(model, "warm up " * 300)
    seconds = {name: min(timed(model, text), timed(model, text)) for name, text in WORST.items()}
    assert max(seconds.values()) < 0.25, seconds
    tracemalloc.start()
    for text in WORST.values():
        asked(model, text)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 30_000_000


def timed(model: TextClassifier, text: str) -> float:
    began = thread_time()
    asked(model, text)
    return thread_time() - began


def test_it_prefers_the_bots_own_words() -> None:
    assert SpellingCorrector(["closer"], {"closed": 1}).correct("closef") == "closer"


def test_it_ranks_all_intents_by_a_confidence_between_0_and_1() -> None:
    for text in [*UNSEEN, *EXAMPLES["prices"], "", "???", "bye " * 2000]:
        ranking = train(PAIRS).rank(text)
        confidences = [confidence for _, confidence in ranking]
        assert {name for name, _ in ranking} == set(EXAMPLES)
        assert confidences == sorted(confidences, reverse=True)
        assert 0 <= min(confidences) <= max(confidences) <= 1


def test_it_learns_from_one_example_an_intent() -> None:
    model = train([(texts[0], intent) for intent, texts in EXAMPLES.items()])
    assert asked(model, "at what time do you open?")[0] == "opening_hours"
    assert asked(model, "could I talk to a human person")[0] == "human"


def test_it_learns_a_single_intent() -> None:
    model = train([("when are you open", "opening_hours")])
    assert asked(model, "when do you open")[1] > asked(model, "purple elephants dance")[1]


def test_it_learns_the_same_twice() -> None:
    for name in ("centre", "projection", "landmarks", "weights", "calibration"):
        np.testing.assert_array_equal(getattr(train(PAIRS).model, name), getattr(train(PAIRS).model, name))


def test_it_says_the_same_after_a_reload(tmp_path: Path) -> None:
    model = train(PAIRS)
    model.save(tmp_path)
    texts = [*UNSEEN, "waht time do you colse"]
    assert [TextClassifier.load(tmp_path).rank(text) for text in texts] == [model.rank(text) for text in texts]


def test_it_keeps_no_pickle(tmp_path: Path) -> None:
    train(PAIRS).save(tmp_path)
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".json", ".npz"]
    with np.load(tmp_path / "intents.npz", allow_pickle=False) as arrays:
        assert {array.dtype.kind for array in arrays.values()} == {"f"}


def test_it_learns_from_more_examples_than_it_compares_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_ridge, "MAX_LANDMARKS", 8)
    monkeypatch.setattr(kernel_ridge, "MAX_WIDTH", 6)
    model = train(PAIRS)
    assert model.model.landmarks.shape == (8, 6)
    assert {asked(model, text)[0] for text in EXAMPLES["prices"]} == {"prices"}


def test_it_draws_the_compared_examples_from_every_intent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_ridge, "MAX_LANDMARKS", 5)
    labels = np.array([0] * 20 + [1] * 3 + [2])
    assert np.bincount(labels[kernel_ridge._choose_landmarks(labels)]).tolist() == [2, 2, 1]


@pytest.mark.rasa
class TestInRasa:
    @pytest.fixture
    def rasa(self, tmp_path: Path) -> Any:
        return RasaRoom(tmp_path)

    def test_it_writes_the_intent_and_its_ranking(self, rasa: Any) -> None:
        rasa.train(PAIRS)
        message = rasa.process("until when are you open in the evening")
        assert message["intent"]["name"] == "opening_hours"
        assert message["intent_ranking"][0] == message["intent"]
        assert message["intent"]["confidence"] > 0.4

    def test_it_says_the_same_after_a_reload(self, rasa: Any) -> None:
        rasa.train(PAIRS)
        before = [rasa.process(text) for text in UNSEEN]
        rasa.reload()
        assert [rasa.process(text) for text in UNSEEN] == before

    def test_it_tells_as_many_intents_as_configured(self, rasa: Any) -> None:
        rasa.train(PAIRS, ranking_length=2)
        assert len(rasa.process("what do I have to pay")["intent_ranking"]) == 2

    @pytest.mark.parametrize("text", ["", "   ", None])
    def test_it_has_no_intent_for_no_text(self, rasa: Any, text: str | None) -> None:
        rasa.train(PAIRS)
        assert rasa.process(text) == {"intent": {"name": None, "confidence": 0.0}, "intent_ranking": []}

    def test_it_can_be_trained_on_nothing(self, rasa: Any) -> None:
        rasa.train([])
        rasa.reload()
        assert rasa.process("hello")["intent"] == {"name": None, "confidence": 0.0}

    def test_it_learns_from_examples_with_entities(self, rasa: Any) -> None:
        rasa.train(PAIRS, entities=[{"entity": "day", "value": "sunday", "start": 17, "end": 23}])
        assert rasa.process("opening hours on sunday")["intent"] == {"name": "opening_hours", "confidence": 1.0}

    def test_it_gives_dense_features_to_other_classifiers(self, rasa: Any) -> None:
        sequence, sentence = rasa.features("two words")
        assert sequence.features.shape == (2, 384)
        assert sentence.features.shape == (1, 384)
        np.testing.assert_allclose(sentence.features, embed_layers(["two words"])[:, -1])


class RasaRoom:
    """Rasa's storage and messages around the component."""

    def __init__(self, folder: Path) -> None:
        from rasa.engine.storage.local_model_storage import LocalModelStorage
        from rasa.engine.storage.resource import Resource

        from assistant.engine.rasa_adapter import import_rasa  # noqa: F401  (imports Rasa the quiet way)

        self.storage, self.resource = LocalModelStorage(folder), Resource("intents")

    def train(self, pairs: list[tuple[str, str]], entities: list[dict[str, Any]] | None = None, **config: Any) -> None:
        from rasa.shared.nlu.training_data.message import Message
        from rasa.shared.nlu.training_data.training_data import TrainingData

        self.config = config
        self.component = self._made("create")
        rows = [{"text": text, "intent": intent, "entities": entities or []} for text, intent in pairs]
        self.component.train(TrainingData([Message(data=row) for row in rows]))

    def reload(self) -> None:
        self.component = self._made("load")

    def process(self, text: str | None) -> dict[str, Any]:
        from rasa.shared.nlu.training_data.message import Message

        message = Message(data={"text": text})
        self.component.process([message])
        return {name: message.get(name) for name in ("intent", "intent_ranking")}

    def features(self, text: str) -> tuple[Any, Any]:
        from rasa.nlu.tokenizers.whitespace_tokenizer import WhitespaceTokenizer
        from rasa.shared.nlu.training_data.message import Message

        from assistant.engine.rasa_adapter.components import MiniLMFeaturizer

        message = Message(data={"text": text})
        WhitespaceTokenizer(WhitespaceTokenizer.get_default_config()).process([message])
        config = MiniLMFeaturizer.get_default_config()
        MiniLMFeaturizer.create(config, self.storage, self.resource, _context()).process([message])
        return message.get_dense_features("text")

    def _made(self, how: str) -> Any:
        from assistant.engine.rasa_adapter.components import EmbeddingIntentClassifier

        config = {**EmbeddingIntentClassifier.get_default_config(), **self.config}
        return getattr(EmbeddingIntentClassifier, how)(config, self.storage, self.resource, _context())


def _context() -> Any:
    from rasa.engine.graph import ExecutionContext, GraphSchema

    return ExecutionContext(GraphSchema({}), node_name="component")
