"""Examples that come from one person, and the traces that they left."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from assistant.lib.database import write_transaction
from assistant.lib.erasure import ERASED, ErasureCount, entries_about, redact_logs_about
from training.bundles import examples_in
from training.models import BotFile, Evaluation, Example, Job, ModelVersion, Response, Synonym, TrainingSet
from training.reports import key_of

GONE = ModelVersion.Status.DELETED


@dataclass
class Traces:
    """`versions`: how many of the texts each was trained on, of those that are still there."""

    examples: Sequence[Example]
    entries: int = 0
    evaluations: list[Evaluation] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    sets: list[TrainingSet] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)

    def found(self) -> list[ErasureCount]:
        """What goes, then what stays."""
        goes = [
            ErasureCount("examples", len(self.examples)),
            ErasureCount("audit log entries about examples, their texts", self.entries),
            ErasureCount("evaluations, the texts in them", len(self.evaluations)),
            ErasureCount("logs of jobs, the texts in them", len(self.jobs)),
            ErasureCount("training sets of deleted versions", len(self.sets)),
        ]
        advice = "it can't be taken out of a trained model: train anew, activate that, then delete this version"
        stays = [
            ErasureCount(f"version {name} was trained on {count} of the texts", 1, advice)
            for name, count in self.trained
        ]
        return [*goes, *stays]

    @property
    def trained(self) -> list[tuple[str, int]]:
        return sorted(self.versions.items())


def traces_of(examples: Iterable[Example]) -> Traces:
    """Where the texts of these are, former ones among them. Changes nothing."""
    rows = list(examples)
    entries = entries_about(Example, [row.pk for row in rows])
    texts = {row.text for row in rows} | set(_former_texts(entries))
    traces = Traces(rows, entries.count())
    if not texts:
        return traces
    bots = {row.bot_id for row in rows}
    evaluations = Evaluation.objects.filter(version__bot__in=bots)
    traces.evaluations = [row for row in evaluations.iterator(chunk_size=20) if _names_one_of(row, texts)]
    jobs = Job.objects.filter(bot__in=bots).exclude(log="", error="")
    traces.jobs = [row for row in jobs.iterator(chunk_size=20) if _has_line_with(row, texts)]
    for taught in TrainingSet.objects.filter(bot__in=bots).iterator(chunk_size=1):
        _look_in(taught, texts, traces)
    return traces


def erase_examples(*, examples: Iterable[Example]) -> Traces:
    """For good, unlike `delete_examples`, which can be undone. In one transaction."""
    with write_transaction():
        traces = traces_of(examples)
        texts = {row.text for row in traces.examples}
        texts |= set(_former_texts(entries_about(Example, [row.pk for row in traces.examples])))
        redact_logs_about(Example, [row.pk for row in traces.examples])
        for evaluation in traces.evaluations:
            evaluation.report = _report_without(evaluation.report, texts)
            evaluation.save(update_fields=["report"])
        for job in traces.jobs:
            job.log, job.error = _lines_without(job.log, texts), _lines_without(job.error, texts)
            job.save(update_fields=["log", "error"])
        for taught in traces.sets:
            ModelVersion.objects.filter(training_set=taught).update(training_set=None)
            taught.delete()
        Example.objects.filter(pk__in=[row.pk for row in traces.examples]).delete()
    return traces


def examples_with(texts: Iterable[str]) -> list[Example]:
    """Those in which one of these is said."""
    wanted = Q(pk__in=[])
    for text in texts:
        wanted |= Q(text__icontains=text)
    return list(Example.objects.filter(wanted))


def elsewhere_with(texts: Iterable[str]) -> list[ErasureCount]:
    """What staff or files teach besides examples, in which one of these stands: it is theirs to change."""
    responses, synonyms, files = Q(pk__in=[]), Q(pk__in=[]), Q(pk__in=[])
    for text in texts:
        responses |= Q(variations__icontains=text) | Q(variations__icontains=json.dumps(text)[1:-1])
        synonyms |= Q(value__icontains=text) | Q(text__icontains=text)
        files |= Q(text__icontains=text)
    return [
        ErasureCount("responses say it", Response.objects.filter(responses).count(), "change them under Training data"),
        ErasureCount("synonyms say it", Synonym.objects.filter(synonyms).count(), "change them under Training data"),
        ErasureCount(
            "files of projects say it", BotFile.objects.filter(files).count(), "change them and import them again"
        ),
    ]


def _former_texts(entries: Any) -> Iterable[str]:
    for changes in entries.values_list("changes", flat=True):
        yield from (text for text in (changes or {}).get("text", []) if isinstance(text, str) and text != ERASED)


def _look_in(taught: TrainingSet, texts: set[str], traces: Traces) -> None:
    count = len(texts & {text for _, text in examples_in(taught)})
    there = taught.versions.exclude(status=GONE).values_list("name", flat=True) if count else ()
    traces.versions |= dict.fromkeys(there, count)
    if count and not there:
        traces.sets.append(taught)


def _names_one_of(evaluation: Evaluation, texts: set[str]) -> bool:
    """Its errors in words, all its messages by key."""
    report, keys = evaluation.report, {key_of(text) for text in texts}
    named = any(error.get("text") in texts for error in report.get("errors", []))
    return named or any(row[0] in keys for row in report.get("messages", []))


def _report_without(report: dict[str, Any], texts: set[str]) -> dict[str, Any]:
    keys = {key_of(text) for text in texts}
    errors = [{**error, "text": ERASED} if error.get("text") in texts else error for error in report.get("errors", [])]
    messages = [["" if row[0] in keys else row[0], *row[1:]] for row in report.get("messages", [])]
    return {**report, "errors": errors, "messages": messages}


def _has_line_with(job: Job, texts: set[str]) -> bool:
    return any(_lines_without(part, texts) != part for part in (job.log, job.error))


def _lines_without(text: str, texts: set[str]) -> str:
    """Rasa's warnings quote what they warn of."""
    lines = text.splitlines(keepends=True)
    kept = [
        f"{ERASED}\n" if any(f"'{said}'" in line or f'"{said}"' in line for said in texts) else line for line in lines
    ]
    return "".join(kept)
