"""The forms of the review page. What a service refuses it says in its own words, so that limits stand there only."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from assistant.lib import strict_json
from conversations.admin.filters import parse_number
from conversations.models import Annotation


class NumberField(forms.Field):
    """0 where it is none: no message, note or revision has that number."""

    def __init__(self) -> None:
        super().__init__(required=False)

    def to_python(self, value: Any) -> int:
        return parse_number(value or "") or 0


class TextField(forms.CharField):
    """Empty where it is not there."""

    def __init__(self) -> None:
        super().__init__(required=False)


class YesField(forms.BooleanField):
    """Whether its button was pressed."""

    def __init__(self) -> None:
        super().__init__(required=False)


class NamesField(TextField):
    """Names with commas between them."""

    def clean(self, value: Any) -> list[str]:
        return [name.strip() for name in super().clean(value).split(",") if name.strip()]


class AnnotationForm(forms.Form):
    """`verdict` correct, corrected (to `other`) or empty; or `intent`, a choice, which is a correction by itself; or
    `move`, which takes the text away from the intents that have it beside `also`. Cleaned: `verdict` and `intent`."""

    verdict = TextField()
    intent = TextField()
    other = TextField()
    also = TextField()
    move = YesField()
    entities = TextField()
    revision = NumberField()

    def clean_entities(self) -> list[dict[str, Any]] | None:
        """None where they stay as they are."""
        text = self.cleaned_data["entities"]
        if not text:
            return None
        try:
            entities = strict_json.parse_json(text)
        except ValueError:
            entities = None  # refused below, like JSON of another kind
        if not isinstance(entities, list) or not all(isinstance(entity, dict) for entity in entities):
            raise ValidationError("Entities are a JSON list.", code="bad_entities")
        return entities

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if chosen := data["also" if data["move"] else "intent"]:
            return {**data, "verdict": Annotation.Verdict.CORRECTED, "intent": chosen}
        return {**data, "intent": data["other"]}


class FlagForm(forms.Form):
    """A flag, set or taken away."""

    flagged = YesField()
    revision = NumberField()


class NoteForm(forms.Form):
    """A new note (beside message `seq`, if any), another `text` for the one of that `id`, or `delete` it."""

    id = NumberField()
    seq = NumberField()
    text = TextField()
    delete = YesField()


class TagsForm(forms.Form):
    """Tags to add and to take away."""

    add = NamesField()
    remove = NamesField()


class SaveForLaterForm(forms.Form):
    """In the list of what is saved for later, or not any more."""

    saved = YesField()


class ReviewedForm(forms.Form):
    """Done with it as far as it was `seen`. `undo` has it wait for review again."""

    seen = NumberField()
    undo = YesField()


class UndoForm(forms.Form):
    """`step`: the id of a change set; `seq`: the message that it is about, if any."""

    step = NumberField()
    seq = NumberField()
