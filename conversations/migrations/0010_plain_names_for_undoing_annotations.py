from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("conversations", "0009_how_long_conversations_are_kept")]

    operations = [
        migrations.RenameField("annotation", "taught", "example_states"),
        migrations.RenameField("annotation", "moved", "moved_at"),
    ]
