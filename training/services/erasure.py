"""Erasure: examples that come from one person, and the traces that they left."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q

from assistant.lib.database import write_transaction
from assistant.lib.erasure import ERASED, ErasureCount, Person, entries_about, redact_logs_about, register_store
from assistant.models import Change
from training.bundles import examples_in
from training.models import BotFile, Evaluation, Example, Job, ModelVersion, Response, Synonym, TrainingSet
from training.reports import key_of


@register_store("examples")
class TrainingDataErasure:
    """Training data in which one of a person's texts stands. What came from conversations goes with these."""

    def names(self, identifier: str) -> list[str]:
        """None: training data does not say whose words it has."""
        return []

    def find(self, person: Person) -> list[ErasureCount]:
        return [*traces_of(examples_containing(person.texts)).found(), *other_mentions(person.texts)]

    def erase(self, person: Person) -> list[ErasureCount]:
        erased = erase_examples(examples=examples_containing(person.texts)).found()
        return [*erased, *other_mentions(person.texts)]


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

    def add_training_set(self, training_set: TrainingSet, count: int) -> None:
        """Which has as many of the texts. It goes where all versions that were trained on it are deleted."""
        there = training_set.versions.exclude(status=ModelVersion.Status.DELETED)
        names = list(there.values_list("name", flat=True))
        self.versions |= dict.fromkeys(names, count)
        if not names:
            self.sets.append(training_set)

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
    # Reports, logs and training sets are large: a few are in memory at a time.
    for evaluation in Evaluation.objects.filter(version__bot__in=bots).iterator(chunk_size=20):
        if _report_without(evaluation.report, texts) != evaluation.report:
            traces.evaluations.append(evaluation)
    for job in Job.objects.filter(bot__in=bots).exclude(log="", error="").iterator(chunk_size=20):
        if _lines_without(job.log, texts) != job.log or _lines_without(job.error, texts) != job.error:
            traces.jobs.append(job)
    for training_set in TrainingSet.objects.filter(bot__in=bots).iterator(chunk_size=1):
        count = len(texts & {text for _, text in examples_in(training_set)})
        if count:
            traces.add_training_set(training_set, count)
    return traces


def erase_examples(*, examples: Iterable[Example]) -> Traces:
    """For good, unlike `delete_examples`, which can be undone. In one transaction."""
    with write_transaction():
        traces = traces_of(examples)
        ids = [row.pk for row in traces.examples]
        texts = {row.text for row in traces.examples} | set(_former_texts(entries_about(Example, ids)))
        redact_logs_about(Example, ids)
        for evaluation in traces.evaluations:
            evaluation.report = _report_without(evaluation.report, texts)
            evaluation.save(update_fields=["report"])
        for job in traces.jobs:
            job.log, job.error = _lines_without(job.log, texts), _lines_without(job.error, texts)
            job.save(update_fields=["log", "error"])
        # Its versions are deleted, but the foreign key protects it.
        for training_set in traces.sets:
            ModelVersion.objects.filter(training_set=training_set).update(training_set=None)
            training_set.delete()
        Change.objects.filter(model=Example._meta.label_lower, row__in=ids).delete()
        Example.objects.filter(pk__in=ids).delete()
    return traces


def examples_containing(texts: Iterable[str]) -> list[Example]:
    """Those in which one of these is said."""
    wanted = Q(pk__in=[])
    for text in texts:
        wanted |= Q(text__icontains=text)
    return list(Example.objects.filter(wanted))


def other_mentions(texts: Iterable[str]) -> list[ErasureCount]:
    """Training data other than examples in which one of these stands: it is for staff to change."""
    responses, synonyms, files = Q(pk__in=[]), Q(pk__in=[]), Q(pk__in=[])
    for text in texts:
        # JSON escapes what is not ASCII, and quotes.
        responses |= Q(variations__icontains=text) | Q(variations__icontains=json.dumps(text)[1:-1])
        synonyms |= Q(value__icontains=text) | Q(text__icontains=text)
        files |= Q(text__icontains=text)
    edit, import_again = "change them under Training data", "change them and import them again"
    return [
        ErasureCount("responses say it", Response.objects.filter(responses).count(), edit),
        ErasureCount("synonyms say it", Synonym.objects.filter(synonyms).count(), edit),
        ErasureCount("files of projects say it", BotFile.objects.filter(files).count(), import_again),
    ]


def forget_sources(*, conversations: Sequence[str]) -> int:
    """Examples whose conversation is gone stay, but say no more where they came from. `conversations`: public ids. The
    example's `source` is the id of its message, `<public id>#<seq>`."""
    if not conversations:
        return 0
    theirs = reduce(or_, (Q(source__startswith=f"{public_id}#") for public_id in conversations))
    with write_transaction():
        return Example.objects.filter(theirs, origin=Example.Origin.REVIEW).update(source="")


def _former_texts(entries: Any) -> Iterable[str]:
    """What the audit log says that the examples said before."""
    for changes in entries.values_list("changes", flat=True):
        yield from (text for text in (changes or {}).get("text", []) if isinstance(text, str) and text != ERASED)


def _report_without(report: dict[str, Any], texts: set[str]) -> dict[str, Any]:
    """An evaluation has its errors in words, all its messages by key."""
    keys = {key_of(text) for text in texts}
    errors = [{**error, "text": ERASED} if error.get("text") in texts else error for error in report.get("errors", [])]
    messages = [["" if row[0] in keys else row[0], *row[1:]] for row in report.get("messages", [])]
    return {**report, "errors": errors, "messages": messages}


def _lines_without(text: str, texts: set[str]) -> str:
    """Rasa's warnings quote what they warn of."""
    lines = text.splitlines(keepends=True)
    kept = [
        f"{ERASED}\n" if any(f"'{said}'" in line or f'"{said}"' in line for said in texts) else line for line in lines
    ]
    return "".join(kept)
