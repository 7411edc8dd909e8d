"""Every deletion that was made before there were change sets becomes one, so that it can still be undone."""

from collections import defaultdict
from datetime import datetime

from django.db import migrations

FIELDS = {
    "intent": ("answer", "deleted"),
    "example": ("intent_id", "exact", "use", "entities", "confirmed", "annotated", "deleted"),
    "response": ("variations", "edited", "deleted"),
    "synonym": ("value", "deleted"),
}


def make_change_sets(apps, schema_editor):
    ChangeSet, Change = (apps.get_model("assistant", name) for name in ("ChangeSet", "Change"))
    IntentChange = apps.get_model("training", "IntentChange")
    steps = defaultdict(list)  # changes by bot and moment, in the order in which they are recorded
    for model in ("example", "synonym", "response", "intent"):
        rows = apps.get_model("training", model).objects.filter(deleted__isnull=False)
        if model == "example":
            rows = rows.defer("vector")
        for row in rows.order_by("pk").iterator(chunk_size=500):
            after = {name: _as_json(getattr(row, name)) for name in FIELDS[model]}
            step = steps[row.bot_id, row.deleted]
            if model == "intent":
                # What leaves its rules and stories out goes with it.
                deleted = IntentChange.objects.filter(bot=row.bot_id, old=row.name, new="").last()
                if deleted:
                    state = {"old": deleted.old, "new": "", "keeps_rules": deleted.keeps_rules}
                    step.append(("intentchange", deleted.pk, None, state))
            step.append((model, row.pk, {**after, "deleted": None}, after))
    # The oldest first: newer ones are later changes of the same row.
    for (bot, moment), changes in sorted(steps.items(), key=lambda item: item[0][1]):
        step = ChangeSet.objects.create(label="Deleted.", about=f"training.bot:{bot}", created=moment)
        Change.objects.bulk_create(
            [
                Change(change_set=step, model=f"training.{model}", row=pk, before=before, after=after)
                for model, pk, before, after in changes
            ],
            batch_size=200,
        )


def _as_json(value):
    return value.isoformat() if isinstance(value, datetime) else value


class Migration(migrations.Migration):
    dependencies = [
        ("training", "0009_name_annotations_and_hashes_of_files"),
        ("assistant", "0002_what_staff_can_undo"),
    ]

    operations = [migrations.RunPython(make_change_sets, migrations.RunPython.noop)]
