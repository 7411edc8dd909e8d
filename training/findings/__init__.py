"""Checks of training data: pure functions of rows and of the newest cross-validation. What is fixed is not found."""

from __future__ import annotations

from training.findings.intents import few_examples, unanswered, unused_responses, without_examples
from training.findings.labels import confused_intents, likely_label_errors
from training.findings.pipeline import (
    NO_ENTITIES,
    NO_SYNONYMS,
    endless_expressions,
    unused_entities,
    unused_synonyms,
)
from training.findings.texts import near_texts, same_texts
from training.findings.types import CheckedData, CheckedExample, Finding, Kind, Severity

__all__ = ["NO_ENTITIES", "NO_SYNONYMS", "CheckedData", "CheckedExample", "Finding", "Kind", "Severity", "findings_in"]

CHECKS = (
    same_texts,
    likely_label_errors,
    unanswered,
    endless_expressions,
    confused_intents,
    near_texts,
    few_examples,
    unused_entities,
    unused_synonyms,
    without_examples,
    unused_responses,
)
ORDER = list(Severity)


def findings_in(data: CheckedData) -> list[Finding]:
    """The worst first. A text that is found wrong is not found weak as well."""
    found = [finding for check in CHECKS for finding in check(data)]
    return sorted(found, key=lambda finding: ORDER.index(finding.severity))
