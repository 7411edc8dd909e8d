"""The whole way on the real engine: a visitor is misunderstood, staff correct it without a mouse, train, compare, put
the new version live, and the same question is answered right. One click brings the old version back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Tab, Visitor
from tests.running import REAL, Running
from tests.settings import MODE

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.rasa]
QUESTION = "whit monday?"
RIGHT = "holiday_hours"
ANSWER = "public holidays"
TRAINED_WITHIN = 150_000  # milliseconds, on two busy cores


@pytest.fixture
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("shop"), MODE, engine=REAL, workers=1).start()
    yield running
    running.stop()


@pytest.fixture
def visitor(chromium: Browser, shop: Running) -> Iterator[Tab]:
    someone = Visitor(chromium, shop.url)
    yield someone.tab().open()
    someone.context.close()


@pytest.fixture
def desk(chromium: Browser, shop: Running) -> Iterator[Page]:
    context = chromium.new_context(base_url=shop.url, viewport={"width": 1440, "height": 900})
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


@pytest.mark.timeout(480)
def test_it_learns_from_a_mistake_and_takes_it_back(visitor: Tab, desk: Page) -> None:
    expect_no_answer(visitor)
    log_in(desk)
    open_the_worst_of_last_night(desk)
    correct(desk, RIGHT)
    train(desk)
    compare_and_activate(desk)
    expect_answer(visitor)
    roll_back(desk)
    expect_no_answer(visitor)


def expect_no_answer(visitor: Tab) -> None:
    before = visitor.bubbles().count()
    visitor.type(QUESTION)
    expect(visitor.bubbles().nth(before + 1)).to_be_visible(timeout=60_000)
    expect(visitor.bubbles().last).not_to_contain_text(ANSWER)


def expect_answer(visitor: Tab) -> None:
    visitor.type(QUESTION)
    expect(visitor.bubbles().last).to_contain_text(ANSWER, timeout=30_000)


def log_in(desk: Page) -> None:
    desk.goto("/admin/")
    expect(desk.get_by_label("Username:")).to_be_focused()
    desk.keyboard.type("admin")
    desk.keyboard.press("Tab")
    desk.keyboard.type("desk-of-ana")
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("button", name="Log out")).to_be_visible()


def open_the_worst_of_last_night(desk: Page) -> None:
    press(desk, desk.get_by_role("link", name=QUESTION))
    expect(desk.locator("body.by-script")).to_be_attached()


def correct(desk: Page, intent: str) -> None:
    desk.keyboard.press("j")
    expect(desk.locator(".message.is-current")).to_contain_text(QUESTION)
    desk.keyboard.press("i")
    desk.keyboard.type(intent)
    expect(desk.get_by_role("option", selected=True)).to_contain_text(intent)
    desk.keyboard.press("Enter")
    expect(desk.locator("#toasts")).to_contain_text(f"Taught as {intent}.")
    desk.keyboard.press("r")
    expect(desk.locator("#toasts, .messagelist").first).to_contain_text("reviewed")


def train(desk: Page) -> None:
    press(desk, desk.get_by_role("link", name="Models", exact=True).first)
    expect(desk.get_by_label("A new version")).to_contain_text("1 example added")
    press(desk, desk.get_by_role("button", name="Train"))
    expect(desk.get_by_role("link", name="Compare with the live version")).to_be_visible(timeout=TRAINED_WITHIN)


def compare_and_activate(desk: Page) -> None:
    press(desk, desk.get_by_role("link", name="Compare with the live version"))
    expect(desk.get_by_role("cell", name=QUESTION)).to_be_visible()
    press(desk, desk.get_by_role("link", name="Activate"))
    press(desk, desk.get_by_role("button", name="Activate"))
    expect(desk.get_by_label("Live now")).to_be_visible()


def roll_back(desk: Page) -> None:
    press(desk, desk.get_by_role("link", name="Models", exact=True).first)
    press(desk, desk.get_by_role("button", name="Undo"))
    expect(desk.locator(".messagelist")).to_be_visible()


def press(desk: Page, control: object) -> None:
    """By keyboard: whatever has the focus, Enter follows or presses it."""
    control.focus()  # type: ignore[attr-defined]
    desk.keyboard.press("Enter")
