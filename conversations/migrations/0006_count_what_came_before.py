from typing import Any

from django.db import migrations
from django.db.models import Count, Min, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce


def count(apps: Any, schema: Any) -> None:
    """How unsure the bot was and what visitors disliked, in the conversations that were there before these columns."""
    Message = apps.get_model("conversations", "Message")
    Conversation = apps.get_model("conversations", "Conversation")
    of_one = Message.objects.filter(conversation=OuterRef("pk")).order_by().values("conversation")
    lowest = of_one.annotate(it=Min("confidence", filter=Q(role="user"))).values("it")
    disliked = of_one.annotate(it=Count("pk", filter=Q(feedback="down"))).values("it")
    Conversation.objects.update(lowest_confidence=Subquery(lowest), thumbs_down=Coalesce(Subquery(disliked), 0))


class Migration(migrations.Migration):
    dependencies = [("conversations", "0005_words_of_messages")]

    operations = [migrations.RunPython(count, migrations.RunPython.noop)]
