from typing import Any

from django.db import migrations
from django.db.models import Max, OuterRef, Subquery


def judge(apps: Any, schema: Any) -> None:
    """Also those that were there before a correction, or came back by one: the newest says when."""
    Annotation = apps.get_model("conversations", "Annotation")
    Example = apps.get_model("training", "Example")
    corrected = Annotation.objects.filter(verdict="corrected", example=OuterRef("pk")).order_by().values("example")
    taught = Annotation.objects.filter(verdict="corrected").values("example")
    newest = corrected.annotate(it=Max("updated")).values("it")
    Example.objects.filter(pk__in=taught).update(judged=Subquery(newest))


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0007_remember_what_a_verdict_taught"),
        ("training", "0007_judge_what_came_from_conversations"),
    ]

    operations = [migrations.RunPython(judge, migrations.RunPython.noop)]
