"""What there is to choose from when the list of conversations is narrowed. Asked only when shown."""

from __future__ import annotations

from functools import cached_property

from conversations.models import Tag
from conversations.selectors import channels_in_use, intents_in_use
from training.models import Environment, ModelVersion

VERSIONS = 50


class Offers:
    """By what an address says, the words that staff read."""

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
