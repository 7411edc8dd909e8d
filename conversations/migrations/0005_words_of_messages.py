from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from conversations import search_index


def build(apps: Any, schema: BaseDatabaseSchemaEditor) -> None:
    search_index.build(schema)


def drop(apps: Any, schema: BaseDatabaseSchemaEditor) -> None:
    search_index.drop(schema)


class Migration(migrations.Migration):
    dependencies = [("conversations", "0004_indexes_of_the_desk")]

    operations = [migrations.RunPython(build, drop)]
