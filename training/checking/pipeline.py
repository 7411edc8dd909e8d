"""What staff teach and the pipeline makes nothing of."""

from __future__ import annotations

from collections.abc import Iterator

from training.checking.types import Data, Finding, Kind, Severity

ASK = "Ask whoever keeps the project to add to the pipeline in config.yml:"
NO_ENTITIES = f"This assistant learns no entities. {ASK} LexicalSyntacticFeaturizer and CRFEntityExtractor."
NO_SYNONYMS = f"This assistant looks up no synonyms. {ASK} EntitySynonymMapper, as the last one."


def unused_entities(data: Data) -> Iterator[Finding]:
    if data.marked:
        yield Finding(Kind.ENTITIES_UNUSED, Severity.WEAK, f"{_counted(data.marked, 'example')} marked. {NO_ENTITIES}")


def unused_synonyms(data: Data) -> Iterator[Finding]:
    if data.synonyms:
        yield Finding(
            Kind.SYNONYMS_UNUSED, Severity.WEAK, f"{_counted(data.synonyms, 'synonym')} written. {NO_SYNONYMS}"
        )


def _counted(count: int, what: str) -> str:
    return f"One {what} is" if count == 1 else f"{count:,} {what}s are"
