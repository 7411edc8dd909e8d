"""Training and going live by hand, in a real browser: pages that follow the work, and are usable by all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import violations_by_day_and_night
from tests.running import Running

pytestmark = [pytest.mark.browser, pytest.mark.processes]
MODELS = "/admin/training/modelversion/"
SLOW_BOT = """
from tests.training.conftest import make_trainable_bot
from training.services import activate_version, train_version
trainable = make_trainable_bot("{name}")
activate_version(version=train_version(bot=trainable.bot))
trainable.more("howdy")
trainable.slowly({seconds}, steps=3)
"""
EVALUATED = """
from assistant.engine import Guess, Labelled
from training.models import Evaluation
from training.reports import report_of
from training.selectors import live_version, production
said = [("greet", "greet"), ("greet", "order"), ("order", "goodbye"), ("order", "order")]
report = report_of([Guess(Labelled(f"text {n}", *pair[:1]), pair[1], 0.9) for n, pair in enumerate(said)])
version = production().active_version
Evaluation.objects.create(version=version, kind="held_out", example_count=4, accuracy=0.5, report=report)
"""
SIGHTS = {"desk": {}, "phone": {"viewport": {"width": 360, "height": 740}}}


@pytest.fixture
def page(chromium: Browser, live: Running, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Logged in."""
    sight = SIGHTS[getattr(request, "param", "desk")]
    page = chromium.new_page(base_url=live.url, **{"viewport": {"width": 1440, "height": 900}, **sight})
    page.set_default_timeout(15_000)
    page.goto("/admin/")
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill("desk-of-ana")
    page.get_by_role("button", name="Log in").click()
    yield page
    page.close()


def do(live: Running, script: str) -> None:
    live.manage("shell", "--no-imports", "-c", script)


def open_models_of(page: Page, bot: str) -> None:
    page.goto(MODELS)
    page.get_by_role("navigation", name="Bots").get_by_role("link", name=bot).click()


@pytest.mark.modes("embedded", "distributed")
def test_it_trains_compares_activates_and_goes_back(page: Page, live: Running) -> None:
    do(live, SLOW_BOT.format(name="walk", seconds=3))
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    open_models_of(page, "walk")
    expect(page.get_by_label("A new version")).to_contain_text("1 example added")
    page.get_by_label("What is new?").fill("Says howdy")
    page.get_by_role("button", name="Train").click()

    expect(page.locator(".step-done")).to_have_count(3, timeout=30_000)  # without a reload
    page.get_by_role("link", name="Compare with the live version").click()
    expect(page.get_by_role("cell", name="howdy")).to_be_visible()
    page.get_by_role("link", name="Activate walk").click()
    page.get_by_role("button", name="Activate").click()
    live_now = page.get_by_label("Live now")
    open_models_of(page, "walk")
    expect(live_now).to_contain_text("Says howdy")
    page.get_by_role("button", name="Undo: roll back to walk").click()
    open_models_of(page, "walk")
    expect(live_now).not_to_contain_text("Says howdy")
    assert complaints == []


def test_it_keeps_a_question_open_while_the_page_follows_the_work(page: Page, live: Running) -> None:
    do(live, SLOW_BOT.format(name="wait", seconds=60))
    open_models_of(page, "wait")
    page.get_by_role("button", name="Train").click()
    expect(page.locator(".step-running")).to_be_visible(timeout=30_000)
    page.locator(".cancel summary").focus()
    page.keyboard.press("Enter")
    elapsed = page.locator(".elapsed").inner_text()
    expect(page.locator(".elapsed")).not_to_have_text(elapsed)
    page.get_by_role("button", name="Yes, cancel it").click()
    expect(page.get_by_text("What is live has not changed.")).to_be_visible(timeout=5_000)


@pytest.mark.parametrize("page", SIGHTS, indirect=True)
def test_it_can_be_used_by_all(page: Page, live: Running) -> None:
    do(live, EVALUATED)
    page.goto(MODELS)
    seen = [page.url]
    for name in ("Live now", "All versions"):
        expect(page.get_by_role("heading", name=name)).to_be_visible()
    links = page.locator(".card-name a, .tools a, .card-live .quiet a").all()
    seen += [link.evaluate("each => each.href") for link in links]
    version = next(url for url in seen if url.endswith("/change/") and "modelversion" in url)
    page.goto(version)
    seen.append(page.locator(".job-list a").first.evaluate("each => each.href"))
    for url in seen:
        page.goto(url)
        assert (url, violations_by_day_and_night(page)) == (url, [])
        assert (url, page.evaluate("document.documentElement.scrollWidth - innerWidth")) == (url, 0)
