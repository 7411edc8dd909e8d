from typing import Any

from django.db import migrations
from django.db.models import F


def judge(apps: Any, schema: Any) -> None:
    """So far the order of the rows said what is newer."""
    rows = apps.get_model("training", "Example").objects.filter(origin="review", use="training")
    rows.update(judged=F("created"))


class Migration(migrations.Migration):
    dependencies = [("training", "0006_remember_when_examples_were_judged")]

    operations = [migrations.RunPython(judge, migrations.RunPython.noop)]
