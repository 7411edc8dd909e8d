from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("conversations", "0012_make_change_sets_of_annotations")]

    operations = [
        migrations.RemoveField("annotation", "example_states"),
        migrations.RemoveField("annotation", "moved_at"),
    ]
