"""What the pages of models are sent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from django import forms

from training.models import Bot, Evaluation, ModelVersion


class TrainForm(forms.Form):
    """`note`: what is new, in the words of whoever asks."""

    bot = forms.ModelChoiceField(Bot.objects.all())
    note = forms.CharField(required=False)


class UploadForm(forms.Form):
    """How big a file may be, the service says."""

    file = forms.FileField(label="Model archive", help_text="A .tar.gz that Rasa 3.6.21 or Frontdesk trained.")
    sha256 = forms.CharField(
        label="SHA-256, if you know it", required=False, max_length=80, help_text="A file with another one is refused."
    )
    note = forms.CharField(label="What is new in it", required=False, max_length=200)


class ActivateForm(forms.Form):
    """`environment`: one of the bot's."""

    environment = forms.ChoiceField()

    def __init__(self, *args: Any, environments: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["environment"]).choices = [(name, name) for name in environments]


class RollBackForm(forms.Form):
    """`seen`: the activation that is to be taken back; nobody takes back what they have not seen."""

    seen = forms.IntegerField(required=False)


class EvaluateForm(forms.Form):
    """`also`: the other one of two that are compared."""

    kind = forms.ChoiceField(choices=Evaluation.Kind.choices)
    also = forms.ModelChoiceField(ModelVersion.objects.select_related("bot", "training_set"), required=False)


class NoteForm(forms.Form):
    """An empty note is none."""

    note = forms.CharField(required=False)
