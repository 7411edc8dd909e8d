"""What the pages of training data are sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import zip_longest
from typing import Any, cast

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import QueryDict

from assistant.engine.entity_markup import BadMarkup, parse_markup
from assistant.lib import strict_json
from assistant.lib.admin import parse_id
from assistant.lib.errors import ChangedMeanwhile
from assistant.models import ChangeSet
from training.admin.data.undo import undoable_step
from training.admin.views import first_error
from training.models import Bot, Intent, Response
from training.selectors import intent_names

NONE_CHOSEN = "Select examples first."
CANT_UNDO = "This can't be undone any more."


class ListField(forms.Field):
    """All values of one name, as texts."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Any) -> list[str]:
        return [str(each) for each in value or ()]


class IdsField(ListField):
    """Those that are ids."""

    def to_python(self, value: Any) -> list[Any]:
        return [number for each in super().to_python(value) if (number := parse_id(each)) is not None]


class LinesField(forms.CharField):
    """Texts on lines of their own; blank lines are none."""

    def clean(self, value: Any) -> Any:
        lines = [line.strip() for line in super().clean(value).splitlines()]
        return [line for line in lines if line]


class RevisionForm(forms.Form):
    """Of a row that a colleague may change meanwhile: `revision` is the one that the writer saw. Whoever saves over a
    colleague's change, shown to them, says so (`over`)."""

    revision = forms.IntegerField(required=False)
    over = forms.IntegerField(required=False)

    @property
    def seen_revision(self) -> int:
        """0 fits no row that is there: who names none overwrites nothing."""
        given = self.cleaned_data if self.is_bound else self.initial
        return given.get("over") or given.get("revision") or 0

    @property
    def changed_meanwhile(self) -> bool:
        """A colleague was quicker: see FormPage."""
        return self.is_bound and self.has_error(NON_FIELD_ERRORS, ChangedMeanwhile.code)


class BotForm(forms.Form):
    """The bot that the pages are about from now on."""

    bot = forms.ModelChoiceField(Bot.objects.all(), to_field_name="name")


class NewIntentForm(forms.Form):
    """What a name must be like, the service knows."""

    name = forms.CharField(required=False)


class RenameForm(forms.Form):
    """`seen`: the name that the intent had on the page."""

    name = forms.CharField(required=False)
    seen = forms.CharField(required=False, empty_value=None)


class MergeForm(forms.Form):
    """`into`: an intent of the same bot, by its name."""

    into = forms.ModelChoiceField(
        Intent.objects.none(),
        to_field_name="name",
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Choose the intent to merge it into."),
    )

    def __init__(self, *args: Any, intent: Intent, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = Intent.objects.filter(bot=intent.bot, deleted=None).exclude(pk=intent.pk)
        cast(forms.ModelChoiceField, self.fields["into"]).queryset = others


class AddExamplesForm(forms.Form):
    """Examples of one intent, in Rasa's markup."""

    texts = LinesField(error_messages={"required": "Write at least one line."})
    held_out = forms.BooleanField(required=False)


class AnswerForm(RevisionForm):
    """As many variations as the page has fields."""

    text = ListField(required=False)


class ExampleForm(RevisionForm):
    """The text as the script sends it, with its entities (`value`), or else in Rasa's markup (`marked`)."""

    intent = forms.CharField(required=False)
    marked = forms.CharField(required=False)
    value = forms.CharField(required=False)
    held_out = forms.BooleanField(required=False)

    def __init__(self, *args: Any, bot: Bot, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.bot = bot

    def clean_intent(self) -> str:
        """The service would make one that is not there: by a slip, or because it was renamed meanwhile."""
        name = self.cleaned_data["intent"]
        if name and name not in intent_names(self.bot):
            raise forms.ValidationError(f"There is no intent {name}. Create it first.")
        return name

    def clean_value(self) -> dict[str, Any] | None:
        """None where no script sent it."""
        text = self.cleaned_data["value"]
        if not text:
            return None
        try:
            value = strict_json.parse_json(text)
        except ValueError:
            value = None
        if not isinstance(value, dict) or not isinstance(value.get("entities") or [], list):
            raise forms.ValidationError("That was not understood. Reload the page and try again.")
        # Whether they fit the text, the service says.
        entities = [it for it in value.get("entities") or () if isinstance(it, dict)]
        return {"text": str(value.get("text", "")), "entities": entities}

    def clean(self) -> dict[str, Any]:
        """With `text` and `entities`, from whichever was sent."""
        cleaned = self.cleaned_data
        if cleaned.get("value"):
            return {**cleaned, **cleaned["value"]}
        # A value that was refused is an error already: nobody wants to hear of the markup, too.
        if "value" in cleaned and "marked" in cleaned:
            text, entities = marked_text(cleaned["marked"])
            return {**cleaned, "text": text, "entities": entities}
        return cleaned


class ManyExamplesForm(forms.Form):
    """What is done to many examples at once. `intent`: where they move, or the one that keeps its examples."""

    ACTS = ("move", "keep", "confirm", "delete", "hold_out", "train_on")

    id = IdsField(error_messages={"required": NONE_CHOSEN})
    act = forms.ChoiceField(
        choices=[(act, act) for act in ACTS], error_messages=dict.fromkeys(("required", "invalid_choice"), NONE_CHOSEN)
    )
    intent = forms.CharField(required=False)


class UndoForm(forms.Form):
    """`step`: the id of a change set that a page before offered to undo."""

    step = forms.CharField(error_messages={"required": CANT_UNDO})

    def clean_step(self) -> ChangeSet:
        step = undoable_step(parse_id(self.cleaned_data["step"]))
        if step is None:
            raise forms.ValidationError(CANT_UNDO)
        return step


class VariationForm(forms.Form):
    """One variation of a response, its fields named `text-KEY`. `rest` is what has no field of its own, as JSON;
    `more` the same of a button."""

    text = forms.CharField(required=False)
    image = forms.CharField(required=False)
    rest = forms.CharField(required=False)
    title = ListField(required=False)
    payload = ListField(required=False)
    more = ListField(required=False)

    def __init__(self, *args: Any, number: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.number = number

    @classmethod
    def of(cls, variation: Mapping[str, Any], key: object) -> VariationForm:
        """To show one that is there."""
        buttons = [button for button in variation.get("buttons") or () if isinstance(button, dict)]
        rest = {name: value for name, value in variation.items() if name not in ("text", "buttons", "image")}
        initial = {
            "text": variation.get("text", ""),
            "image": variation.get("image", ""),
            "rest": json.dumps(rest, ensure_ascii=False, indent=2) if rest else "",
            "title": [button.get("title", "") for button in buttons],
            "payload": [button.get("payload", "") for button in buttons],
            "more": [
                json.dumps({name: value for name, value in button.items() if name not in ("title", "payload")})
                for button in buttons
            ],
        }
        return cls(initial=initial, prefix=str(key))

    def add_prefix(self, field_name: str) -> str:
        """`text-1` where Django has `1-text`."""
        return f"{field_name}-{self.prefix}"

    @property
    def buttons(self) -> list[dict[str, str]]:
        """As they were written: who made a slip sees it again."""
        names = ("title", "payload", "more")
        titles, payloads, more = ([str(each).strip() for each in self[name].value() or ()] for name in names)
        # A form of ours sends as many of each; others may not.
        rows = zip_longest(titles, payloads[: len(titles)], more[: len(titles)], fillvalue="")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def clean(self) -> dict[str, Any]:
        """With `variation`: as Rasa's domain has it, without what is empty."""
        cleaned = self.cleaned_data
        rest = json_object(cleaned.get("rest", ""), f"The other fields of variation {self.number}")
        buttons = []
        for written in self.buttons:
            more = json_object(written["more"], "A button")
            button = {"title": written["title"], "payload": written["payload"], **more}
            buttons.append({name: value for name, value in button.items() if value})
        # Browsers send a textarea's lines with both; Rasa's files have one.
        text = cleaned.get("text", "").replace("\r\n", "\n")
        simple = {"text": text, "image": cleaned.get("image"), "buttons": [button for button in buttons if button]}
        return {"variation": {**{name: value for name, value in simple.items() if value}, **rest}}


class ResponseForm(RevisionForm):
    """`response` is None for a new one, which has a name of its own."""

    name = forms.CharField(required=False)

    def __init__(self, *args: Any, bot: Bot, response: Response | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.bot, self.response = bot, response
        if self.is_bound:
            # Each variation sends its key, in their order on the page; the scripts make keys for new ones.
            keys = enumerate(cast(QueryDict, self.data).getlist("variation"), 1)
            self.variations = [VariationForm(self.data, prefix=key, number=number) for number, key in keys]
        else:
            there = enumerate((response.variations if response else []) or [{}], 1)
            self.variations = [VariationForm.of(variation, number) for number, variation in there]

    def clean_name(self) -> str:
        """Of one that is there the name stays: rules and stories say it."""
        if self.response:
            return self.response.name
        name = self.cleaned_data["name"]
        if Response.objects.filter(bot=self.bot, name=name, deleted=None).exists():
            raise forms.ValidationError(f"There is a response {name} already.")
        return name

    def clean(self) -> dict[str, Any]:
        """With `variations`: those that are not empty."""
        for form in self.variations:
            if not form.is_valid():
                raise forms.ValidationError(first_error(form))
        found = [form.cleaned_data["variation"] for form in self.variations]
        return {**self.cleaned_data, "variations": [variation for variation in found if variation]}


class SynonymForm(forms.Form):
    """Several texts that mean one value."""

    value = forms.CharField(required=False)
    texts = LinesField(error_messages={"required": "Write at least one text."})


def marked_text(line: str) -> tuple[str, list[dict[str, Any]]]:
    """A line in Rasa's markup, as staff write it. Raises ValidationError."""
    try:
        return parse_markup(line)
    except BadMarkup as error:
        raise forms.ValidationError(f"“{line}”: {error}") from None


def json_object(text: str, what: str) -> dict[str, Any]:
    """Raises ValidationError, which names `what` it is."""
    try:
        found = strict_json.parse_json(text or "{}")
    except json.JSONDecodeError as error:
        raise forms.ValidationError(f"{what}: line {error.lineno} is no JSON ({error.msg}).") from None
    except ValueError as error:
        raise forms.ValidationError(f"{what}: this is no JSON that can be kept ({error}).") from None
    if not isinstance(found, dict):
        raise forms.ValidationError(f'{what}: write a JSON object, as in {{"custom": ...}}.')
    return found
