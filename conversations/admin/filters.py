"""The filters of the list of conversations, as its address says them: a form, chips for what is chosen, tabs.

    ?review=todo&confidence=50&when=week&channel=widget

What an address says wrongly is left out, so that an old bookmark still opens; the page says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from django.utils import timezone
from django.utils.http import urlencode

from conversations.models import Conversation, Tag
from conversations.selectors import ConversationFilter, channels_in_use, intents_in_use
from training.models import Environment, ModelVersion

REVIEW = {"todo": "To review", "done": "Reviewed", "later": "Saved for later", "flagged": "Flagged"}
TROUBLE = {"failed": "Failed messages", "disliked": "Thumbs down", "unanswered": "Waiting for an answer"}
CONFIDENCE = {"30": "Below 30%", "50": "Below 50%", "70": "Below 70%"}
WHEN = {"today": "Today", "night": "Since last evening", "week": "Past 7 days"}
LENGTH = {"short": "1 or 2 messages", "medium": "3 to 10 messages", "long": "11 or more messages"}
LENGTHS = {"short": (1, 2), "medium": (3, 10), "long": (11, None)}
STATE = dict(Conversation.State.choices)
EVENING = time(18)
VERSIONS = 50  # to choose from
YEARS = range(1970, 9000)  # a day more, and in whatever time zone, it is still a date
POSITION = {"before", "after", "from", "e", "p"}  # parameters that say where in the list one is
CHIPS = {
    "trouble": "{}",
    "when": "{}",
    "state": "{}",
    "length": "{}",
    "confidence": "Confidence {}",
    "channel": "Channel: {}",
    "intent": "Intent: {}",
    "tag": "Tag: {}",
    "version": "Model: {}",
    "environment": "Environment: {}",
    "since": "From {}",
    "until": "To {}",
    "min": "Messages, at least {}",
    "max": "Messages, at most {}",
}
"""What a chip says, by the name of its field. The tabs show the review themselves."""


def parse_number(text: str) -> int | None:
    """Of at most nine digits, as columns of numbers take them; None for anything else."""
    return int(text) if text.isdecimal() and len(text) < 10 else None


def last_evening() -> datetime:
    """Yesterday at 18:00: since then nobody looked."""
    yesterday = timezone.localdate() - timedelta(days=1)
    return timezone.make_aware(datetime.combine(yesterday, EVENING))


class Choices:
    """What there is to choose from: by what an address says, the words that staff read. Read only when shown."""

    @cached_property
    def channels(self) -> dict[str, str]:
        return {name: name.capitalize() for name in channels_in_use()}

    @cached_property
    def tags(self) -> dict[str, str]:
        return {name: name for name in Tag.objects.values_list("name", flat=True)}

    @cached_property
    def versions(self) -> dict[str, str]:
        """The newest that ever answered or could."""
        rows = ModelVersion.objects.filter(status=ModelVersion.Status.READY).values_list("pk", "name")[:VERSIONS]
        return {str(pk): name for pk, name in rows}

    @cached_property
    def environments(self) -> dict[str, str]:
        """None where there is only one."""
        found = {str(row.pk): str(row) for row in Environment.objects.select_related("bot")}
        return found if len(found) > 1 else {}

    @cached_property
    def intents(self) -> list[str]:
        return intents_in_use()


class ChoiceField(forms.ChoiceField):
    """One of these words, or any."""

    def __init__(self, label: str, words: Mapping[str, str] | None = None) -> None:
        super().__init__(label=label, required=False)
        self.offer(lambda: words or {})

    def offer(self, words: Callable[[], Mapping[str, str]]) -> None:
        """Choose among these, which are read when the field is shown."""
        self.words = words
        self.choices = lambda: [("", "Any"), *words().items()]


class OpenChoiceField(ChoiceField):
    """A text that need not be offered: an old bookmark may name what there is no longer."""

    def __init__(self, label: str, max_length: int) -> None:
        super().__init__(label)
        self.max_length = max_length

    def valid_value(self, value: Any) -> bool:
        return len(value) <= self.max_length and "\0" not in value


class NumberChoiceField(ChoiceField):
    """The key of a row, which need not be offered."""

    def valid_value(self, value: Any) -> bool:
        return parse_number(value) is not None


class NumberField(forms.CharField):
    """A count, None where there is none."""

    def __init__(self, label: str) -> None:
        widget = forms.NumberInput(attrs={"min": 1, "placeholder": "Any"})
        super().__init__(label=label, required=False, widget=widget)

    def clean(self, value: Any) -> int | None:
        text = super().clean(value)
        number = parse_number(text)
        if text and number is None:
            raise ValidationError("Not a number.")
        return number


class DayField(forms.DateField):
    """A day as `2025-05-01`."""

    def __init__(self, label: str) -> None:
        widget = forms.DateInput(attrs={"type": "date"})
        super().__init__(label=label, required=False, widget=widget, input_formats=["%Y-%m-%d"])

    def clean(self, value: Any) -> date | None:
        day = super().clean(value)
        if day and day.year not in YEARS:
            raise ValidationError("No such year.")
        return day


class FilterForm(forms.Form):
    """Everything that the list can be filtered by."""

    review = ChoiceField("Review", REVIEW)
    intent = forms.CharField(
        max_length=255,
        required=False,
        label="Intent",
        widget=forms.TextInput(attrs={"list": "known-intent", "autocomplete": "off", "placeholder": "Any"}),
    )
    trouble = ChoiceField("Trouble", TROUBLE)
    confidence = ChoiceField("Least confident", CONFIDENCE)
    when = ChoiceField("Active", WHEN)
    state = ChoiceField("State", STATE)
    length = ChoiceField("Length", LENGTH)
    channel = OpenChoiceField("Channel", 20)
    tag = OpenChoiceField("Tag", 60)
    version = NumberChoiceField("Model")
    environment = NumberChoiceField("Environment")
    since = DayField("From")
    until = DayField("To")
    min = NumberField("Messages, at least")
    max = NumberField("Messages, at most")

    def __init__(self, data: Mapping[str, str], choices: Choices) -> None:
        super().__init__(data, auto_id="f-%s")
        offers: dict[str, Callable[[], Mapping[str, str]]] = {
            "channel": lambda: choices.channels,
            "tag": lambda: choices.tags,
            "version": lambda: choices.versions,
            "environment": lambda: choices.environments,
        }
        for name, words in offers.items():
            cast(ChoiceField, self.fields[name]).offer(words)


@dataclass(frozen=True)
class Chip:
    """One thing that is chosen, and the address without it."""

    label: str
    without: str


@dataclass(frozen=True)
class Tab:
    """A list of its own, by what was reviewed."""

    label: str
    url: str
    current: bool


class Filters:
    """What one address says."""

    def __init__(self, address: Mapping[str, str]) -> None:
        self.address = {name: value.strip() for name, value in address.items() if value.strip()}
        self.choices = Choices()
        self.values: dict[str, Any] = {}
        self.wrong: list[str] = []
        # By the fields alone: the index page counts nine lists, and each form would copy all of its fields.
        for name, field in FilterForm.base_fields.items():
            if name in self.address:
                try:
                    self.values[name] = field.clean(self.address[name])
                except ValidationError:
                    self.wrong.append(name)

    @cached_property
    def form(self) -> FilterForm:
        """To be shown."""
        return FilterForm(self.address, self.choices)

    @cached_property
    def conversation_filter(self) -> ConversationFilter:
        """What of it is understood."""
        values = self.values
        shortest, longest = LENGTHS.get(values.get("length", ""), (None, None))
        midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
        begins = {"today": midnight, "week": midnight - timedelta(days=7), "night": last_evening()}
        since, until = (_midnight(values[name]) if values.get(name) else None for name in ("since", "until"))
        same = {name: values.get(name, "") for name in ("review", "trouble", "state", "channel", "intent", "tag")}
        return ConversationFilter(
            **same,
            confidence=int(values["confidence"]) / 100 if values.get("confidence") else None,
            since=since or begins.get(values.get("when", "")),
            until=until + timedelta(days=1) if until else None,  # the last day is meant with all its hours
            shortest=values.get("min") or shortest,
            longest=values.get("max") or longest,
            environment=parse_number(values.get("environment", "")),
            version=parse_number(values.get("version", "")),
        )

    @property
    def not_understood(self) -> list[str]:
        """What the address says of a filter that no filter understands: `since=2026-99-99`."""
        return [f"{name}={self.address[name][:40]}" for name in self.wrong]

    @cached_property
    def chips(self) -> list[Chip]:
        """What is chosen, in words."""
        chips = []
        for name in CHIPS:
            if self.values.get(name) in (None, ""):
                continue
            field, text = self.form.fields[name], self.address[name]
            if isinstance(field, ChoiceField) and name not in {"channel", "tag"}:  # these are called what they are
                text = field.words().get(text, text)
            label = CHIPS[name].format(text.lower() if name == "confidence" else text)
            chips.append(Chip(label, self.url(**{name: ""})))
        return chips

    @property
    def tabs(self) -> list[Tab]:
        now = self.conversation_filter.review
        return [Tab(label, self.url(review=value), now == value) for value, label in {"": "All", **REVIEW}.items()]

    @property
    def fields(self) -> list[BoundField]:
        """Those that the form shows: without the tabs', and without any that offers one choice only."""
        shown = [bound for bound in self.form if bound.name != "review"]
        return [bound for bound in shown if not isinstance(bound.field, ChoiceField) or bound.field.words()]

    @property
    def kept(self) -> dict[str, str]:
        """What the filter form does not ask for and sends along: the tab and the search."""
        return {name: value for name, value in self.address.items() if name in {"review", "q"}}

    def url(self, **changes: str) -> str:
        """This list with these changes, from its first page on."""
        merged = {**self.address, **changes}
        return "?" + urlencode({name: value for name, value in merged.items() if value and name not in POSITION})


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))
