"""Rows by the names of their columns, in plain SQL."""

import pytest
from django.db import connection, models

from conversations.models import Message
from conversations.turns.columns import Columns, sql_default


@pytest.mark.django_db
@pytest.mark.parametrize("value", ["", "it's 100 %", 0, 2.5, None])
def test_it_writes_asql_default_as_sql(value):
    field = models.FloatField if isinstance(value, (int, float)) else models.CharField
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {sql_default(field(default=value, null=True))}, %s", ["a value"])
        assert cursor.fetchone() == (value, "a value")


def test_it_takes_columns_in_whatever_order_they_are_named():
    row = {"message_id": 5, "message_text": "hello", "message_seq": 2}
    message = Columns(Message, "text", "id", "seq").instance(row, "message_")
    assert (message.pk, message.seq, message.text) == (5, 2, "hello")
    assert "intent" in message.get_deferred_fields()
