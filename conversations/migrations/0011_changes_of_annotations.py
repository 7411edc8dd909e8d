import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("assistant", "0002_what_staff_can_undo"),
        ("conversations", "0010_plain_names_for_undoing_annotations"),
    ]

    operations = [
        migrations.AddField(
            model_name="annotation",
            name="change_set",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="annotations",
                to="assistant.changeset",
            ),
        ),
    ]
