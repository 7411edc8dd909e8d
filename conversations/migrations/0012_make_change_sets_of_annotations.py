"""What an annotation had to know to be undone becomes a change set."""

from itertools import groupby

from django.db import migrations

FIELDS = ("intent_id", "exact", "use", "entities", "confirmed", "annotated", "deleted")


def make_change_sets(apps, schema_editor):
    Annotation = apps.get_model("conversations", "Annotation")
    rows = Annotation.objects.exclude(example=None).select_related("message", "example", "conversation__environment")
    # Annotations that have the same example, in the order in which they changed it.
    rows = rows.defer("conversation__snapshot", "example__vector").order_by("example", "updated", "pk")
    for _, same in groupby(rows.iterator(chunk_size=200), key=lambda row: row.example_id):
        _convert(apps, list(same))


def _convert(apps, annotations):
    """Of all that have one example, one of them alone knows what it was without any."""
    known = [(row.example_states or {}).get("before") for row in annotations]
    first, last = next((before for before in known if before), None), annotations[-1]
    before = None
    for place, annotation in enumerate(annotations):
        after = _state_after(apps, annotation)
        if annotation == last:
            after["annotated"] = _state(annotation.example)["annotated"]
        if place == 0 and first:
            before = {**after, "use": first["use"], "entities": first["entities"], "annotated": first["judged"]}
        elif place == 0 and annotation.example.origin != "review":
            before = after  # it was there before, and as it is now
        _save(apps, annotation, before, after)
        before = after


def _state_after(apps, annotation):
    """What the example was once it was annotated. Where it is another text by now, that is no state of it."""
    example, states = annotation.example, annotation.example_states or {}
    bot = annotation.conversation.environment.bot_id
    intent = apps.get_model("training", "Intent").objects.filter(bot=bot, name=annotation.intent, deleted=None).first()
    after = {**_state(example), **({"intent_id": intent.pk} if intent else {}), "deleted": None}
    if example.text != annotation.message.text.strip():
        after["exact"] = ""
    if "after" in states:
        given = states["after"]
        after |= {"use": given["use"], "entities": given["entities"], "annotated": given["judged"]}
    return after


def _save(apps, annotation, before, after):
    Change, bot = apps.get_model("assistant", "Change"), annotation.conversation.environment.bot_id
    step = apps.get_model("assistant", "ChangeSet").objects.create(
        label="Annotated a message.",
        about=f"conversations.conversation:{annotation.conversation_id}",
        by_id=annotation.by_id,
        created=annotation.moved_at or annotation.updated,
    )
    changes = []
    if annotation.moved_at:
        moved = apps.get_model("training", "Example").objects.filter(bot=bot, deleted=annotation.moved_at)
        for row in moved.defer("vector"):
            changes.append(("example", row.pk, {**_state(row), "deleted": None}, _state(row)))
    if (annotation.example_states or {}).get("made"):
        made = apps.get_model("training", "Intent").objects.filter(bot=bot, name=annotation.intent, deleted=None)
        for row in made:
            changes.append(("intent", row.pk, None, {"answer": row.answer, "deleted": None}))
    if before != after:
        changes.append(("example", annotation.example_id, before, after))
    for model, pk, was, now in changes:
        Change.objects.create(change_set=step, model=f"training.{model}", row=pk, before=was, after=now)
    annotation.change_set = step
    annotation.save(update_fields=["change_set"])


def _state(example):
    state = {name: getattr(example, name) for name in FIELDS}
    moments = {name: state[name].isoformat() for name in ("annotated", "deleted") if state[name]}
    return {**state, **moments}


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0011_changes_of_annotations"),
        ("training", "0010_let_deletions_be_undone_as_changes"),
    ]

    operations = [migrations.RunPython(make_change_sets, migrations.RunPython.noop)]
