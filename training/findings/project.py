"""What is missing, and what is not used: of intents, responses, entities and synonyms; and regular expressions that
take too long."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from training.bundles.limits import ENDLESS
from training.bundles.usage import BUILT_IN_INTENTS
from training.findings.types import CheckedData, Finding, Kind, Severity

ENOUGH = 10  # examples
TOO_FEW = 2  # a model can't learn an intent from fewer, nor be cross-validated
GOOD = 0.8  # F1: an intent that is understood needs no more examples
ASK = "Ask whoever keeps the project to add to the pipeline in config.yml:"
NO_ENTITIES = f"This assistant learns no entities. {ASK} LexicalSyntacticFeaturizer and CRFEntityExtractor."
NO_SYNONYMS = f"This assistant looks up no synonyms. {ASK} EntitySynonymMapper, as the last one."


def few_examples(data: CheckedData) -> Iterator[Finding]:
    counts = Counter(row.intent for row in data.rows)
    for name, count in sorted(counts.items()):
        good = data.f1.get(name, 0.0) >= GOOD
        if count >= ENOUGH or (good and count >= TOO_FEW):
            continue
        examples = "one example" if count == 1 else f"{count} examples"
        known = f", and is understood badly (F1 {data.f1[name]:.2f})" if name in data.f1 else ""
        words = f"{name} has {examples}{known}. {ENOUGH} or more teach it well."
        yield Finding(Kind.FEW, Severity.WRONG if count < TOO_FEW else Severity.WEAK, words, (), (name,))


def without_examples(data: CheckedData) -> Iterator[Finding]:
    """Where `faq/hours` has examples, so has `faq`."""
    trained = {row.intent for row in data.rows} | {row.intent.partition("/")[0] for row in data.rows}
    for name in sorted((data.asked | set(data.intents)) - trained - BUILT_IN_INTENTS):
        ruled = name in data.asked
        words = f"{name} has no examples, so only buttons lead to it{', though rules or stories need it' * ruled}."
        yield Finding(Kind.NO_EXAMPLES, Severity.WEAK if ruled else Severity.TIDY, words, (), (name,))


def unanswered(data: CheckedData) -> Iterator[Finding]:
    """Intents to which nothing is said or done."""
    for name in sorted({row.intent for row in data.rows} - BUILT_IN_INTENTS):
        if name not in data.answered and name.partition("/")[0] not in data.answered:
            words = f"Nothing answers {name}: no rule or story names it, and it has no answer."
            yield Finding(Kind.UNANSWERED, Severity.WRONG, words, (), (name,))


def unused_responses(data: CheckedData) -> Iterator[Finding]:
    """Those of retrieval intents (`utter_faq/hours`) are said by their action, `utter_faq`."""
    for name in sorted(data.responses):
        if name not in data.said and name.partition("/")[0] not in data.said:
            yield Finding(Kind.UNUSED_RESPONSE, Severity.TIDY, f"Nothing says {name}.", (), (), (name,))


def unused_entities(data: CheckedData) -> Iterator[Finding]:
    if data.marked:
        yield Finding(Kind.ENTITIES_UNUSED, Severity.WEAK, f"{_counted(data.marked, 'example')} marked. {NO_ENTITIES}")


def unused_synonyms(data: CheckedData) -> Iterator[Finding]:
    if data.synonyms:
        words = f"{_counted(data.synonyms, 'synonym')} written. {NO_SYNONYMS}"
        yield Finding(Kind.SYNONYMS_UNUSED, Severity.WEAK, words)


def endless_regexes(data: CheckedData) -> Iterator[Finding]:
    for path, regex in data.endless:
        words = f"The regular expression {regex.name} in {path}, line {regex.line}, {ENDLESS}."
        yield Finding(Kind.ENDLESS, Severity.WRONG, words)


def _counted(count: int, what: str) -> str:
    return f"One {what} is" if count == 1 else f"{count:,} {what}s are"
