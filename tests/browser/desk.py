"""The review desk in Chromium, as one of the staff sits at it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.running import Running

LIST = "/admin/conversations/conversation/"
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


class Desk:
    """One member of the staff at the review desk."""

    def __init__(self, browser: Browser, live: Running, name: str = "admin", **options: Any) -> None:
        settings = {"viewport": {"width": 1440, "height": 900}, **options}
        self.live = live
        self.context: BrowserContext = browser.new_context(base_url=live.url, **settings)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.has_scripts = options.get("java_script_enabled", True)
        self.page.on("console", lambda said: self._hear(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self._hear(str(error)))
        self.page.goto("/admin/login/")
        self.page.get_by_label("Username").fill(name)
        self.page.get_by_label("Password").fill("desk-of-ana")
        self.page.get_by_role("button", name="Log in").click()
        expect(self.page.get_by_role("button", name="Log out")).to_be_visible()

    def _hear(self, complaint: str) -> None:
        if "409" not in complaint:  # a conflict is told by its status, which Chromium notes
            self.complaints.append(complaint)

    def open(self, sender: str) -> Desk:
        [(pk,)] = self.live.read(f"SELECT id FROM conversations_conversation WHERE external_id = '{sender}'")
        self.page.goto(f"{LIST}{pk}/change/")
        if self.has_scripts:
            expect(self.page.locator("body.by-script")).to_be_attached()
        return self

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def line(self, seq: int) -> Locator:
        return self.page.locator(f"#m{seq}")

    @property
    def current(self) -> Locator:
        return self.page.locator(".message.is-current")

    @property
    def toast(self) -> Locator:
        return self.page.locator("#toasts")

    @property
    def picker(self) -> Locator:
        return self.page.get_by_role("combobox", name="Which intent is right?")

    def pick(self, words: str) -> None:
        """Choose an intent by typing."""
        self.press("i")
        self.picker.fill(words)
        expect(self.page.get_by_role("option", selected=True)).to_contain_text(words)
        self.press("Enter")


DeskOf = Callable[..., Desk]
