"""Training data: intents and their examples, responses, synonyms.

They are laid over the bot's files when a training set is made (`training.bundles`): the files say the pipeline,
rules, stories and the rest; these rows say what is in `nlu:` and `responses:`. A row that staff deleted stays, marked:
deleting can be undone, and what came with a skill does not come back.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from training.models.bots import Bot

STAFF = settings.AUTH_USER_MODEL
ALIVE = Q(deleted__isnull=True)


class TrainingDataRow(models.Model):
    """What all rows that staff edit have."""

    # Rows that were deleted together share the moment, by which they come back together.
    deleted = models.DateTimeField(null=True, blank=True, editable=False)
    # Grows with every change: whoever saves says which one they saw.
    revision = models.PositiveIntegerField(default=1, editable=False)
    created = models.DateTimeField(auto_now_add=True)
    updated = models.DateTimeField(auto_now=True)
    updated_by = models.ForeignKey(STAFF, models.SET_NULL, null=True, blank=True, related_name="+", editable=False)

    class Meta:
        abstract = True


class Intent(TrainingDataRow):
    """`answer` names a response: a rule of ours gives it. Empty: the project's own rules and stories decide."""

    bot = models.ForeignKey(Bot, models.CASCADE, related_name="intents")
    name = models.CharField(max_length=255)
    # Not a foreign key: files may bring the response, or take it away.
    answer = models.CharField(max_length=255, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bot", "name"], condition=ALIVE, name="one_intent_per_name")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Example(TrainingDataRow):
    """A message and the intent it has. Held-out examples are never trained on: they say how good a version is."""

    class Use(models.TextChoices):
        TRAINING = "training", "Training"
        HELD_OUT = "held_out", "Held out for evaluation"

    class Origin(models.TextChoices):
        SKILL = "skill", "Came with a skill"
        IMPORT = "import", "Imported"
        STAFF = "staff", "Written by staff"
        REVIEW = "review", "From a conversation"

    bot = models.ForeignKey(Bot, models.CASCADE, related_name="examples")
    intent = models.ForeignKey(Intent, models.CASCADE, related_name="examples")
    text = models.TextField(max_length=4000)
    # SHA-1 of the text as it is, and of it without case, punctuation and spacing (`training.text_keys`).
    exact = models.CharField(max_length=40, editable=False)
    alike = models.CharField(max_length=40, editable=False)
    # `{"start", "end", "entity", "value", "role", "group"}` each, offsets in characters of `text`.
    entities = models.JSONField(default=list, blank=True)
    # Rasa's own, as a file gives it.
    metadata = models.JSONField(default=dict, blank=True)
    use = models.CharField(max_length=8, choices=Use.choices, default=Use.TRAINING)
    origin = models.CharField(max_length=6, choices=Origin.choices, default=Origin.STAFF)
    source = models.CharField(max_length=100, blank=True, help_text="The skill, file or message that it came from.")
    vector = models.BinaryField(null=True, blank=True, editable=False, help_text="Embedding: 384 float32.")
    # When staff last said in a conversation that the text has this intent: it overrules what the text is elsewhere.
    annotated = models.DateTimeField(null=True, blank=True, editable=False)
    # Staff know that a model doubts the intent and say it is right; forgotten when the text or the intent changes.
    confirmed = models.BooleanField(default=False, editable=False)
    created_by = models.ForeignKey(STAFF, models.SET_NULL, null=True, blank=True, related_name="+", editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bot", "exact", "intent"], condition=ALIVE, name="one_example_per_intent")
        ]
        indexes = [
            models.Index(fields=["bot", "alike"], name="examples_alike"),
            models.Index(fields=["intent", "use"], name="examples_of_intent"),
            models.Index(
                fields=["bot", "id"], condition=ALIVE & Q(vector__isnull=True), name="examples_without_vector"
            ),
        ]
        ordering = ["id"]

    def __str__(self) -> str:
        return self.text[:60]


class Response(TrainingDataRow):
    """`variations`: Rasa's response dictionaries (`text`, `buttons`, `image`, `custom`, `channel`, `condition`)."""

    bot = models.ForeignKey(Bot, models.CASCADE, related_name="responses")
    name = models.CharField(max_length=255)
    variations = models.JSONField(default=list)
    edited = models.BooleanField(default=False, editable=False, help_text="Staff changed it: files do not any more.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bot", "name"], condition=ALIVE, name="one_response_per_name")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Synonym(TrainingDataRow):
    """Wherever an entity's text is `text`, its value is `value`."""

    bot = models.ForeignKey(Bot, models.CASCADE, related_name="synonyms")
    value = models.CharField(max_length=255)
    text = models.CharField(max_length=255)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bot", "text"], condition=ALIVE, name="one_synonym_per_text")]
        ordering = ["value", "text"]

    def __str__(self) -> str:
        return f"{self.text} = {self.value}"


class IntentChange(models.Model):
    """What the files still call `old` is `new` now, in the order of ids. `keeps_rules`: a renamed intent keeps its
    rules and stories; those of one that was merged or deleted (`new` is empty) are left out."""

    bot = models.ForeignKey(Bot, models.CASCADE, related_name="intent_changes")
    old = models.CharField(max_length=255)
    new = models.CharField(max_length=255, blank=True)
    keeps_rules = models.BooleanField()
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.old} -> {self.new or 'nothing'}"
