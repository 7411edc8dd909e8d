"""The filters of the list of conversations, as its address says them: parsed, shown as chips, offered in a form.

    ?review=todo&confidence=50&when=week&channel=widget

What an address says wrongly is left out, so that an old bookmark still opens; the page says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cached_property

from django.utils import timezone
from django.utils.dateparse import parse_date
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
PLACES = {"before", "after", "from", "e", "p"}  # where in the list one is
CHOICES = {
    "review": REVIEW,
    "trouble": TROUBLE,
    "confidence": CONFIDENCE,
    "when": WHEN,
    "state": STATE,
    "length": LENGTH,
}
SURE = {percent: f"Confidence {words.lower()}" for percent, words in CONFIDENCE.items()}
DAYS = {"since": "From", "until": "To"}
COUNTS = {"min": "Messages, at least", "max": "Messages, at most"}
TITLES = {
    "channel": "Channel:",
    "intent": "Intent:",
    "tag": "Tag:",
    "version": "Model:",
    "environment": "Environment:",
    "since": "From",
    "until": "To",
    "min": "Messages, at least",
    "max": "Messages, at most",
}


@dataclass(frozen=True)
class Chip:
    """One thing that is chosen, and the address without it."""

    label: str
    without: str


@dataclass(frozen=True)
class Option:
    value: str
    label: str
    chosen: bool


@dataclass(frozen=True)
class Field:
    """Something to choose. `options` or, where there are none, a field of the HTML type `kind`."""

    name: str
    title: str
    options: Sequence[Option] = ()
    kind: str = "text"
    value: str = ""
    known: Sequence[str] = ()


@dataclass(frozen=True)
class Tab:
    label: str
    url: str
    current: bool


class Choices:
    """What there is to choose from: by what an address says, the words that staff read. Asked only when shown."""

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
        places = {str(place.pk): str(place) for place in Environment.objects.select_related("bot")}
        return places if len(places) > 1 else {}

    @cached_property
    def intents(self) -> list[str]:
        return intents_in_use()


class Filters:
    """Of one address."""

    def __init__(self, address: Mapping[str, str]) -> None:
        self.address = {name: value.strip() for name, value in address.items() if value.strip()}
        self.choices = Choices()

    @cached_property
    def conversation_filter(self) -> ConversationFilter:
        shortest, longest = LENGTHS.get(self._one_of("length", LENGTH), (None, None))
        percent = self._one_of("confidence", CONFIDENCE)
        return ConversationFilter(
            review=self._one_of("review", REVIEW),
            trouble=self._one_of("trouble", TROUBLE),
            state=self._one_of("state", STATE),
            channel=self._text("channel", 20),
            intent=self._text("intent", 255),
            confidence=int(percent) / 100 if percent else None,
            since=self._since(),
            until=self._until(),
            shortest=parse_number(self._text("min")) or shortest,
            longest=parse_number(self._text("max")) or longest,
            tag=self._text("tag", 60),
            environment=parse_number(self._text("environment")),
            version=parse_number(self._text("version")),
        )

    @cached_property
    def chips(self) -> list[Chip]:
        return [Chip(label, self.url(**dict.fromkeys(names, ""))) for label, names in self._chosen()]

    @property
    def not_understood(self) -> list[str]:
        """What the address says of a filter that no filter understands: `since=2026-99-99`."""
        wrong = [name for name, known in CHOICES.items() if name in self.address and not self._one_of(name, known)]
        wrong += [name for name in TITLES if name in self.address and not self._is_understood(name)]
        return [f"{name}={self.address[name][:40]}" for name in wrong]

    @property
    def tabs(self) -> list[Tab]:
        now = self.conversation_filter.review
        return [Tab(label, self.url(review=value), now == value) for value, label in {"": "All", **REVIEW}.items()]

    @cached_property
    def fields(self) -> list[Field]:
        choices = self.choices
        selects = [
            self._select("trouble", "Trouble", TROUBLE),
            self._select("confidence", "Least confident", CONFIDENCE),
            self._select("when", "Active", WHEN),
            self._select("state", "State", STATE),
            self._select("length", "Length", LENGTH),
            self._select("channel", "Channel", choices.channels),
            self._select("tag", "Tag", choices.tags),
            self._select("version", "Model", choices.versions),
            self._select("environment", "Environment", choices.environments),
        ]
        intent = Field("intent", "Intent", value=self._text("intent", 255), known=choices.intents)
        days = [Field(name, title, kind="date", value=self._text(name)) for name, title in DAYS.items()]
        counts = [Field(name, title, kind="number", value=self._text(name)) for name, title in COUNTS.items()]
        return [intent, *(field for field in selects if len(field.options) > 1), *days, *counts]

    @property
    def kept(self) -> dict[str, str]:
        """What the filter form does not ask for and sends along: the tab and the search."""
        return {name: value for name, value in self.address.items() if name in {"review", "q"}}

    def url(self, **changes: str) -> str:
        """This list with these changes, from its first page on."""
        merged = {**self.address, **changes}
        return "?" + urlencode({name: value for name, value in merged.items() if value and name not in PLACES})

    def _chosen(self) -> Iterator[tuple[str, Sequence[str]]]:
        """What is chosen, in words, and the names that say it. The tabs show the review themselves."""
        worded = {"trouble": TROUBLE, "when": WHEN, "state": STATE, "length": LENGTH, "confidence": SURE}
        for name, words in worded.items():
            if chosen := self._one_of(name, words):
                yield words[chosen], [name]
        offered: dict[str, dict[str, str]] = {
            "version": self.choices.versions,
            "environment": self.choices.environments,
        }
        for name, title in TITLES.items():
            said = self._text(name, 255)
            if said and READ.get(name, str)(said):
                yield f"{title} {offered.get(name, {}).get(said, said)}", [name]

    def _since(self) -> datetime | None:
        midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
        begins = {"today": midnight, "week": midnight - timedelta(days=7), "night": last_evening()}
        return _moment(self._text("since")) or begins.get(self._one_of("when", WHEN))

    def _until(self) -> datetime | None:
        """The last day is meant with all its hours."""
        day = _moment(self._text("until"))
        return day + timedelta(days=1) if day else None

    def _select(self, name: str, title: str, labels: Mapping[str, str]) -> Field:
        chosen = self._text(name)
        options = [Option(value, label, value == chosen) for value, label in {"": "Any", **labels}.items()]
        return Field(name, title, options)

    def _is_understood(self, name: str) -> bool:
        said = self._text(name, 255)
        return bool(said) and READ.get(name, str)(said) is not None

    def _one_of(self, name: str, known: Mapping[str, str]) -> str:
        said = self.address.get(name, "")
        return said if said in known else ""

    def _text(self, name: str, limit: int = 40) -> str:
        said = self.address.get(name, "")
        return said if len(said) <= limit and "\0" not in said else ""


def last_evening() -> datetime:
    """Yesterday at 18:00: since then nobody looked."""
    yesterday = timezone.localdate() - timedelta(days=1)
    return timezone.make_aware(datetime.combine(yesterday, EVENING))


def _moment(text: str) -> datetime | None:
    try:
        day = parse_date(text)
    except ValueError:  # a date that no calendar has
        return None
    if day is None or day.year not in YEARS:
        return None
    return timezone.make_aware(datetime.combine(day, time()))


def parse_number(text: str) -> int | None:
    """Of at most nine digits, as columns of numbers take them; None for anything else."""
    return int(text) if text.isdecimal() and len(text) < 10 else None


# How what is said is read: where nothing comes of it, it narrows nothing.
READ: dict[str, Callable[[str], object]] = {
    "version": parse_number,
    "environment": parse_number,
    "since": _moment,
    "until": _moment,
    "min": parse_number,
    "max": parse_number,
}
