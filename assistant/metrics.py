"""`/metrics`, in Prometheus' text format: numbers about the installation, nothing about a person."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from assistant import health
from assistant.lib.addresses import address_of_request, parse_address
from conversations.selectors import waiting_now
from training.selectors import job_counts

PREFIX = "frontdesk"


def metrics(request: HttpRequest) -> HttpResponse:
    """For scrapers on this machine or a private network; 404 for others."""
    address = parse_address(address_of_request(request))
    if address is None or not (address.is_loopback or address.is_private):
        raise Http404
    registry = CollectorRegistry()
    registry.register(InstallationCollector())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class InstallationCollector(Collector):
    """Reads the numbers when it is asked."""

    def collect(self) -> Iterator[Metric]:
        seen = health.current_health()
        yield _gauge("ready", "1 where this process can store a message.", int(seen.can_store))
        yield _gauges("up", "1 where the part works.", "part", {name: int(up) for name, up in seen.parts.items()})
        if not seen.can_store:
            return
        yield _gauges("processes", "Processes that are alive.", "kind", seen.alive)
        try:
            turns, seconds = waiting_now()
            yield _gauge("unanswered_turns", "Messages that wait for an answer.", turns)
            yield _gauge("oldest_waiting_seconds", "How long the conversation waits that waits longest.", seconds)
            yield _gauges("jobs", "Jobs, such as trainings, by status.", "status", job_counts())
        except Error:  # it went away since: what was yielded so far is true
            return


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{PREFIX}_{name}", words, value)


def _gauges(name: str, words: str, label: str, values: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(f"{PREFIX}_{name}", words, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
