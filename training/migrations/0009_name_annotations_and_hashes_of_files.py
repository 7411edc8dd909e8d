from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("training", "0008_let_staff_confirm_a_doubtful_label"),
        # That one writes the field by its old name.
        ("conversations", "0008_judge_examples_as_often_as_they_were"),
    ]

    operations = [
        migrations.RenameField("Example", "judged", "annotated"),
        migrations.RenameField("Bot", "taught", "files_hash"),
        migrations.AlterField(
            "Bot",
            "files_hash",
            models.CharField(
                blank=True, editable=False, help_text="Of the files that were taken in last.", max_length=64
            ),
        ),
    ]
