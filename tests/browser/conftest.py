"""A visitor in Chromium, and the staff at the review desk."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Locator, Page, expect

from tests.browser.desk import Desk, DeskOf
from tests.running import Running

expect.set_options(timeout=15_000)


class Visitor:
    """One person in one browser, with as many tabs as wanted."""

    def __init__(self, browser: Browser, url: str, **options: Any) -> None:
        settings = {"viewport": {"width": 1440, "height": 900}, **options}
        self.context: BrowserContext = browser.new_context(base_url=url, **settings)
        self.context.set_default_timeout(15_000)
        self.complaints: list[str] = []

    def tab(self, path: str = "/") -> Tab:
        page = self.context.new_page()
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(path)
        return Tab(page)


class Tab:
    """One page with the widget on it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.launcher: Locator = page.locator("#frontdesk").get_by_role("button")
        self.chat: FrameLocator = page.frame_locator("#frontdesk iframe")
        self.field = self.chat.get_by_role("textbox", name="Your message")
        self.log = self.chat.get_by_role("log")

    def open(self) -> Tab:
        self.launcher.click()
        expect(self.field).to_be_focused()
        return self

    def type(self, text: str) -> None:
        self.field.fill(text)
        self.field.press("Enter")

    def say(self, text: str) -> None:
        """Write it, and see it answered."""
        self.type(text)
        expect(self.bubbles().last).to_have_text(f"You said: {text}")

    def bubbles(self) -> Locator:
        return self.log.locator(".bubble")

    def texts(self) -> list[str]:
        return [text.strip() for text in self.bubbles().all_text_contents()]


@pytest.fixture
def visitor(chromium: Browser, live: Running) -> Iterator[Visitor]:
    someone = Visitor(chromium, live.url)
    yield someone
    someone.context.close()


@pytest.fixture
def visitor_of(chromium: Browser) -> Iterator[Callable[..., Visitor]]:
    """`visitor_of(installation, color_scheme="dark")`: a visitor with wishes."""
    opened: list[Visitor] = []

    def come(running: Running, **options: Any) -> Visitor:
        opened.append(Visitor(chromium, running.url, **options))
        return opened[-1]

    yield come
    for someone in opened:
        someone.context.close()


@pytest.fixture
def desk_of(chromium: Browser, live: Running) -> Iterator[DeskOf]:
    """`desk_of("ben", color_scheme="dark")`: who sits there, and with which wishes."""
    opened: list[Desk] = []

    def come(name: str = "admin", **options: Any) -> Desk:
        opened.append(Desk(chromium, live, name, **options))
        return opened[-1]

    yield come
    for desk in opened:
        desk.context.close()


@pytest.fixture
def sender(live: Running) -> str:
    """Whoever asked three things."""
    name = f"v{uuid.uuid4().hex[:12]}"
    for text in ("hello", "do you have a table free on sunday", f"something else {name}"):
        live.post_until_answered(name, text)
    return name
