"""What hinders a bot's training: pure functions of its rows and of its newest cross-validation. What is put right is
not found any more."""

from __future__ import annotations

from training.findings.examples import confused_intents, likely_label_errors, near_texts, same_texts
from training.findings.project import (
    NO_ENTITIES,
    NO_SYNONYMS,
    endless_regexes,
    few_examples,
    unanswered,
    unused_entities,
    unused_responses,
    unused_synonyms,
    without_examples,
)
from training.findings.types import CheckedData, CheckedExample, Finding, Kind, Severity

__all__ = ["NO_ENTITIES", "NO_SYNONYMS", "CheckedData", "CheckedExample", "Finding", "Kind", "Severity", "findings_in"]


CHECKS = (
    same_texts,
    likely_label_errors,
    unanswered,
    endless_regexes,
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
    """The worst first."""
    found = [finding for check in CHECKS for finding in check(data)]
    return sorted(found, key=lambda finding: ORDER.index(finding.severity))
