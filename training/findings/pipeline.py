"""What the pipeline makes nothing of: what staff teach, and regular expressions that take too long."""

from __future__ import annotations

from collections.abc import Iterator

from training.bundles.limits import ENDLESS
from training.findings.types import CheckedData, Finding, Kind, Severity

ASK = "Ask whoever keeps the project to add to the pipeline in config.yml:"
NO_ENTITIES = f"This assistant learns no entities. {ASK} LexicalSyntacticFeaturizer and CRFEntityExtractor."
NO_SYNONYMS = f"This assistant looks up no synonyms. {ASK} EntitySynonymMapper, as the last one."


def unused_entities(data: CheckedData) -> Iterator[Finding]:
    if data.marked:
        yield Finding(Kind.ENTITIES_UNUSED, Severity.WEAK, f"{_counted(data.marked, 'example')} marked. {NO_ENTITIES}")


def unused_synonyms(data: CheckedData) -> Iterator[Finding]:
    if data.synonyms:
        yield Finding(
            Kind.SYNONYMS_UNUSED, Severity.WEAK, f"{_counted(data.synonyms, 'synonym')} written. {NO_SYNONYMS}"
        )


def endless_expressions(data: CheckedData) -> Iterator[Finding]:
    for path, expression in data.endless:
        words = f"The regular expression {expression.name} in {path}, line {expression.line}, {ENDLESS}."
        yield Finding(Kind.ENDLESS, Severity.WRONG, words)


def _counted(count: int, what: str) -> str:
    return f"One {what} is" if count == 1 else f"{count:,} {what}s are"
