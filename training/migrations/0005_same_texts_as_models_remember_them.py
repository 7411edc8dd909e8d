from typing import Any

from django.db import migrations

from training.text_keys import alike_key


def work_out_anew(apps: Any, schema: Any) -> None:
    """What is in the middle of a text, as in check-in, did count."""
    examples = apps.get_model("training", "Example").objects
    rows = examples.only("text", "alike").iterator(chunk_size=500)
    changed = [row for row in rows if row.alike != alike_key(row.text)]
    for row in changed:
        row.alike = alike_key(row.text)
    examples.bulk_update(changed, ["alike"], batch_size=500)


class Migration(migrations.Migration):
    dependencies = [("training", "0004_keep_deleted_versions")]

    operations = [migrations.RunPython(work_out_anew, migrations.RunPython.noop)]
