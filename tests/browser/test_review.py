"""The review desk in Chromium: without a mouse, with colleagues, while the visitor goes on, on a phone."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, WebSocketRoute, expect

from tests.browser.axe import violations
from tests.browser.conftest import Visitor
from tests.running import REAL, ROOT, Running

pytestmark = [pytest.mark.browser, pytest.mark.processes]
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


expect.set_options(timeout=15_000)
DeskOf = Callable[..., Desk]


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


def test_it_goes_from_the_list_to_the_next_one_without_a_mouse(desk_of: DeskOf, live: Running, sender: str) -> None:
    desk = desk_of()
    assert live.post("another", "hello")[0] == 200
    live.post_until_answered(sender, "thanks")  # so that it stands first
    desk.page.goto(f"{LIST}?review=todo")
    desk.press("j", "Enter")
    expect(desk.page.locator("body.by-script")).to_be_attached()
    expect(desk.page.get_by_role("heading", level=1)).to_contain_text(sender[:10])
    desk.press("j")
    expect(desk.current).to_contain_text("a table free on sunday")
    desk.pick("book_appointment")
    expect(desk.current.locator(".verdict")).to_contain_text("by admin")
    expect(desk.current.locator(".judge > summary")).to_contain_text("book_appointment")
    expect(desk.toast).to_contain_text("Taught as book_appointment.")
    desk.press("f")
    expect(desk.current).to_contain_text("Flagged")
    desk.press("j", "c", "r")
    expect(desk.toast).to_contain_text(f"{sender} is reviewed.")
    desk.press("u")
    expect(desk.page.locator("#desk-state")).to_contain_text("Waits for review")
    expect(desk.toast).to_contain_text("Undone. Waits for review again.")
    expect(desk.line(3)).to_contain_text("book_appointment")
    assert desk.complaints == []


def test_it_undoes_step_by_step(desk_of: DeskOf, sender: str) -> None:
    desk = desk_of().open(sender)
    desk.press("j")
    desk.pick("prices")
    expect(desk.toast).to_contain_text("Taught as prices.")
    desk.press("f")
    expect(desk.toast).to_contain_text("Flagged.")
    desk.press("u")
    expect(desk.toast).to_contain_text("Undone. Flag taken away.")
    expect(desk.current.locator(".verdict")).to_be_visible()
    desk.press("u")
    expect(desk.current.locator(".verdict")).to_have_count(0)
    desk.press("u")
    expect(desk.toast).to_contain_text("nothing to undo")


def test_it_can_undo_once_the_line_is_there_again(desk_of: DeskOf, sender: str) -> None:
    desk = desk_of().open(sender)
    desk.press("j", "f")
    expect(desk.toast).to_contain_text("Flagged.")
    desk.context.set_offline(True)
    desk.press("u")
    expect(desk.toast).to_contain_text("No connection.")
    desk.context.set_offline(False)
    desk.press("u")
    expect(desk.toast).to_contain_text("Undone. Flag taken away.")


def test_it_reviews_what_came_while_it_was_read(desk_of: DeskOf, live: Running, sender: str) -> None:
    assert live.post("another", "hello")[0] == 200
    desk = desk_of().open(sender)
    live.post_until_answered(sender, "and one more thing")
    expect(desk.line(8)).to_contain_text("and one more thing")
    desk.press("r")
    expect(desk.toast).to_contain_text(f"{sender} is reviewed.")


def test_it_creates_an_intent(desk_of: DeskOf, sender: str) -> None:
    desk = desk_of().open(sender)
    desk.press("j", "i")
    desk.picker.fill("sunday tables")
    expect(desk.page.get_by_role("option", name="Create intent “sunday_tables”")).to_be_visible()
    desk.press("ArrowUp", "Enter")
    expect(desk.current.locator(".judge > summary")).to_contain_text("sunday_tables")
    desk.press("i")
    desk.picker.fill("nlu_fallback")
    expect(desk.page.get_by_role("option", name="Create intent")).to_have_count(0)
    desk.press("Escape")
    expect(desk.picker).to_have_count(0)
    expect(desk.current).to_be_focused()


def test_it_tags_notes_and_marks_entities(desk_of: DeskOf, sender: str) -> None:
    desk = desk_of().open(sender)
    desk.press("t")
    desk.page.keyboard.type("new skill")
    desk.press("Enter")
    expect(desk.page.locator(".tags")).to_contain_text("new skill")
    desk.press("Escape", "j", "n")
    desk.page.keyboard.type("ask the kitchen")
    desk.press("Control+Enter")
    expect(desk.current.locator(".note")).to_contain_text("ask the kitchen")
    desk.press("e")
    field = desk.page.get_by_role("textbox", name="Mark entities in the message")
    expect(field).to_be_focused()
    desk.press("Home", "x", "End", *["Shift+ArrowLeft"] * 6)
    desk.page.keyboard.type("norm")
    expect(desk.page.get_by_label("Another entity")).to_have_value("norm")
    desk.press(*["Backspace"] * 4)
    desk.page.keyboard.type("day")
    desk.press("Enter", "Tab", "Tab", "Tab", "n", "m", "Control+Enter")
    expect(desk.current.locator(".note-beside")).to_have_count(0)
    expect(desk.current.locator(".bubble mark")).to_have_text("sundayday")
    expect(desk.current.locator(".verdict")).to_be_visible()
    assert desk.complaints == []


def test_it_shows_colleagues_and_their_conflicts(desk_of: DeskOf, ben: str, sender: str) -> None:
    ana, other = desk_of().open(sender), desk_of(ben).open(sender)
    expect(ana.page.get_by_role("img", name="Ben is here")).to_be_visible()
    other.press("j")
    expect(ana.line(3).get_by_role("img", name="Ben looks at this")).to_be_visible()

    ana.press("j", "i")
    expect(ana.picker).to_be_focused()
    other.pick("prices")
    expect(ana.line(3)).to_contain_text("Meanwhile")
    ana.picker.fill("location")
    ana.press("Enter")
    expect(ana.page.get_by_role("alert")).to_contain_text("ben changed this meanwhile: corrected to prices.")
    expect(ana.line(3).locator(".judge > summary")).to_contain_text("prices")

    expect(ana.page.get_by_role("button", name="Keep theirs")).to_be_focused()
    ana.press("Tab", "Enter")
    expect(other.line(3).locator(".judge > summary")).to_contain_text("location")
    expect(other.line(3).locator(".verdict")).to_contain_text("by admin")
    assert ana.complaints == other.complaints == []


def test_it_grows_while_it_is_read(desk_of: DeskOf, live: Running, sender: str) -> None:
    desk = desk_of(viewport={"width": 1440, "height": 500}).open(sender)
    desk.press("j")
    before = desk.page.evaluate("document.querySelector('.is-current').getBoundingClientRect().top")
    live.post_until_answered(sender, "and one more thing")
    expect(desk.line(8)).to_contain_text("and one more thing")
    expect(desk.page.get_by_role("button", name="new message")).to_be_visible()
    assert abs(desk.page.evaluate("document.querySelector('.is-current').getBoundingClientRect().top") - before) < 2
    desk.page.get_by_role("button", name="new message").click()
    expect(desk.line(8)).to_be_in_viewport()


def test_it_shows_a_visitors_thumbs_while_a_note_is_written(desk_of: DeskOf, live: Running, visitor: Visitor) -> None:
    words, tab = f"ahoy {uuid.uuid4().hex}", visitor.tab().open()
    tab.say(words)
    desk = desk_of()
    desk.page.goto(f"{LIST}?q={words.split()[1]}")
    desk.page.locator("#result_list tbody th a").click()
    expect(desk.page.locator("body.by-script")).to_be_attached()
    desk.line(2).locator(".bubble").click()
    desk.press("n")
    desk.page.keyboard.type("half a ")
    tab.chat.get_by_role("button", name="Not helpful", exact=True).click()
    expect(desk.line(2).locator(".feedback")).to_contain_text("Thumbs down")
    desk.page.keyboard.type("sentence")
    expect(desk.line(2).get_by_role("textbox", name="Note")).to_have_value("half a sentence")


def test_it_finds_what_a_visitor_disliked(desk_of: DeskOf, visitor: Visitor) -> None:
    words, tab = uuid.uuid4().hex, visitor.tab().open()
    for text in (f"ahoy {words}", "well understood", "disliked"):
        tab.say(text)
    tab.chat.get_by_role("button", name="Not helpful", exact=True).last.click()
    desk = desk_of()
    desk.page.goto(f"{LIST}?q={words}")
    desk.page.locator("#result_list tbody th a").click()
    assert desk.page.evaluate("CSS.highlights.get('found').size") == 2  # the word in the question and in the echo
    desk.line(1).locator(".bubble").click()
    desk.press("d")
    expect(desk.line(5)).to_have_attribute("aria-current", "true")


def test_it_catches_up_after_the_line_was_lost(desk_of: DeskOf, live: Running, ben: str, sender: str) -> None:
    desk, other = desk_of().open(sender), desk_of(ben).open(sender)
    desk.context.set_offline(True)
    other.press("c")
    expect(other.toast).to_contain_text("Noted as correct.")
    live.post_until_answered(sender, "still there?")
    desk.context.set_offline(False)
    expect(desk.line(8)).to_contain_text("still there?", timeout=15_000)
    expect(desk.line(1).locator(".verdict")).to_contain_text("Correct by ben")


def test_it_says_that_the_session_has_ended(desk_of: DeskOf, live: Running, sender: str) -> None:
    desk = desk_of().open(sender)
    desk.context.clear_cookies()
    live.post_until_answered(sender, "are you there?")
    expect(desk.page.get_by_role("alert")).to_contain_text("Your session has ended. Log in again")
    desk.press("j", "n")
    expect(desk.page.locator(".note-beside")).to_have_count(0)
    assert desk.complaints == []


def test_it_says_that_the_conversation_was_deleted(desk_of: DeskOf, ben: str, sender: str) -> None:
    ana, other = desk_of().open(sender), desk_of(ben).open(sender)
    ana.page.get_by_role("link", name="Delete this conversation").click()
    ana.page.get_by_role("button", name="Yes").click()
    expect(ana.page.locator(".messagelist")).to_be_visible()
    other.press("j", "f")
    expect(other.page.get_by_role("alert")).to_contain_text("This conversation was deleted.")


def test_it_finds_out_by_itself_when_a_hint_was_lost(desk_of: DeskOf, live: Running, ben: str, sender: str) -> None:
    desk = desk_of()
    desk.page.route_web_socket("**/ws/desk/**", without_hints)
    desk.open(sender)
    other = desk_of(ben).open(sender)
    other.press("c")
    expect(other.toast).to_contain_text("Noted as correct.")
    live.post_until_answered(sender, "still there?")
    desk.page.evaluate("dispatchEvent(new Event('pageshow'))")  # asks for a pong, as twenty seconds of silence do
    expect(desk.line(8)).to_contain_text("still there?")
    expect(desk.line(1).locator(".verdict")).to_contain_text("Correct by ben")


def without_hints(socket: WebSocketRoute) -> None:
    server = socket.connect_to_server()
    server.on_message(lambda text: socket.send(text) if json.loads(text)["type"] in {"pong", "presence"} else None)


def test_it_keeps_keys_away_from_fields_and_can_do_without(desk_of: DeskOf, sender: str) -> None:
    desk = desk_of().open(sender)
    note = desk.page.get_by_label("New note")
    note.fill("fcr")
    note.press("j")
    expect(desk.line(1)).to_have_attribute("aria-current", "true")
    desk.press("Escape", "?")
    sheet = desk.page.get_by_role("dialog")
    expect(sheet).to_contain_text("Reviewed, and to the next")
    sheet.get_by_label("Single keys do this").uncheck()
    desk.press("Escape", "j")
    expect(desk.line(1)).to_have_attribute("aria-current", "true")
    desk.page.get_by_role("button", name="Keys").click()
    expect(sheet).to_be_visible()


def test_it_works_without_scripts(desk_of: DeskOf, sender: str) -> None:
    desk = desk_of(java_script_enabled=False).open(sender)
    desk.line(3).locator(".judge > summary").click()
    desk.line(3).get_by_label("Another intent").fill("prices")
    desk.line(3).get_by_role("button", name="Save", exact=True).click()
    expect(desk.line(3).locator(".verdict")).to_contain_text("Corrected by admin")
    desk.page.get_by_role("button", name="Reviewed, next").click()
    expect(desk.page.locator(".messagelist")).to_contain_text("is reviewed.")


def test_it_is_at_home_on_a_phone(desk_of: DeskOf, sender: str) -> None:
    desk = desk_of(**PHONE).open(sender)
    desk.line(3).locator(".bubble").tap()
    desk.page.get_by_role("button", name="Intent", exact=True).tap()
    desk.picker.fill("prices")
    desk.page.get_by_role("option", name="prices").first.tap()
    expect(desk.line(3).locator(".verdict")).to_be_visible()
    assert desk.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert desk.page.locator("#facts").get_attribute("open") is None
    expect(desk.page.get_by_role("button", name="Keys")).to_be_hidden()


@pytest.mark.parametrize("sight", [{}, {"color_scheme": "dark"}, PHONE], ids=["light", "dark", "phone"])
def test_it_has_no_barrier_that_axe_can_find(desk_of: DeskOf, sender: str, sight: dict[str, Any]) -> None:
    desk = desk_of(reduced_motion="reduce", **sight).open(sender)
    desk.press("j")
    desk.pick("prices")
    expect(desk.toast).to_contain_text("Taught as")
    desk.press("n")
    assert violations(desk.page) == []
    desk.press("Escape", "i")
    expect(desk.page.get_by_role("option").first).to_be_visible()
    assert violations(desk.page) == []
    desk.press("Escape", "?")
    assert violations(desk.page) == []


@pytest.mark.rasa
@pytest.mark.skipif("FRONTDESK_SCREENSHOTS" not in os.environ, reason="FRONTDESK_SCREENSHOTS=1 draws docs/images anew")
def test_it_is_worth_a_picture(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> None:
    running = Running(tmp_path_factory.mktemp("pictures"), "embedded", engine=REAL).start()
    try:
        _draw(chromium, running, ROOT / "docs" / "images")
    finally:
        running.stop()


def _draw(chromium: Browser, running: Running, images: Path) -> None:
    for text in (
        "Hi there",
        "do you still have room for the two of us on sunday?",
        "How much is it?",
        "That is not it",
    ):
        running.post_until_answered("sam", text)
    for name, options in {"review": {}, "review-dark": {"color_scheme": "dark"}, "review-phone": PHONE}.items():
        desk = Desk(chromium, running, **options).open("sam")
        desk.press("j")
        desk.page.wait_for_timeout(600)
        desk.page.screenshot(path=images / f"{name}.png")
        if name == "review":
            desk.press("i")
            desk.page.wait_for_timeout(2500)
            desk.page.screenshot(path=images / "review-intent.png")
        desk.context.close()
