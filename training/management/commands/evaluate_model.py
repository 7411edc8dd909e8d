"""How often a version names the right intent: on held-out messages, or cross-validated."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from assistant.lib.errors import FrontdeskError
from training.models import MAIN, Evaluation, ModelVersion
from training.selectors import answering_version
from training.services import evaluate_version

SHOWN = 20  # errors


class Command(BaseCommand):
    help = "Evaluate a version: the live one, or the one that is named. Writes numbers and the worst errors."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("version", nargs="?", help="its name; else what answers for --bot")
        parser.add_argument("--bot", default=MAIN)
        parser.add_argument("--cross-validate", action="store_true", help="train it anew without a fifth, five times")
        parser.add_argument("--json", action="store_true", help="the whole report as JSON")

    def handle(self, *, version: str | None, bot: str, cross_validate: bool, **options: Any) -> None:
        found = ModelVersion.objects.filter(name=version).first() if version else answering_version(bot)
        if found is None:
            raise CommandError(f"There is no version {version}." if version else f"{bot} has no trained version.")
        kind = Evaluation.Kind.CROSS_VALIDATION if cross_validate else Evaluation.Kind.HELD_OUT
        try:
            evaluation = evaluate_version(version=found, kind=kind)
        except FrontdeskError as error:
            raise CommandError(error.message) from None
        except KeyboardInterrupt:
            raise CommandError("Cancelled.", returncode=130) from None
        if options["json"]:
            self.stdout.write(json.dumps(evaluation.report, ensure_ascii=False))
            return
        self._show(evaluation)

    def _show(self, evaluation: Evaluation) -> None:
        report = evaluation.report
        if not report["count"]:
            self.stdout.write(f"{evaluation.version}: there was nothing to ask.")
            return
        share, low, high = report["accuracy"]
        self.stdout.write(
            f"{evaluation.version}, {evaluation.get_kind_display().lower()}: {report['right']} of {report['count']} "
            f"right, {share:.1%} (95 %: {low:.1%} to {high:.1%}), macro F1 {evaluation.macro_f1:.3f}"
        )
        for error in report["errors"][:SHOWN]:
            guessed = f"{error['guessed'] or 'nothing'} ({error['confidence']:.0%})"
            self.stdout.write(f"  {error['text']!r}: {guessed}, not {error['right']}")
        if len(report["errors"]) > SHOWN:
            self.stdout.write(f"  and {len(report['errors']) - SHOWN} more")
