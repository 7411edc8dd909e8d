"""The review desk while the visitor goes on, with colleagues, and when the line or the session ends."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import WebSocketRoute, expect

from tests.browser.conftest import Visitor
from tests.browser.desk import LIST, Desk, DeskOf
from tests.running import Running

pytestmark = [pytest.mark.browser, pytest.mark.processes]


@pytest.mark.modes("embedded", "distributed")
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
    expect(ana.line(3).locator(".annotation > summary")).to_contain_text("prices")

    expect(ana.page.get_by_role("button", name="Keep theirs")).to_be_focused()
    ana.press("Tab", "Enter")
    expect(other.line(3).locator(".annotation > summary")).to_contain_text("location")
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


@pytest.mark.modes("embedded", "distributed")
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
    desk, _ = annotated_beside(desk_of, ben, sender, without_hints)
    live.post_until_answered(sender, "still there?")
    ask_for_a_pong(desk)
    expect(desk.line(8)).to_contain_text("still there?")
    expect(desk.line(1).locator(".verdict")).to_contain_text("Correct by ben")


def test_it_finds_out_what_it_missed_before_the_hint_that_came(desk_of: DeskOf, ben: str, sender: str) -> None:
    desk, other = annotated_beside(desk_of, ben, sender, without_the_first_change)
    other.press("j", "f")
    expect(desk.line(3)).to_contain_text("Flagged")
    expect(desk.line(1).locator(".verdict")).to_have_count(0)
    ask_for_a_pong(desk)
    expect(desk.line(1).locator(".verdict")).to_contain_text("Correct by ben")


def annotated_beside(
    desk_of: DeskOf, ben: str, sender: str, line: Callable[[WebSocketRoute], None]
) -> tuple[Desk, Desk]:
    """One who reads on that line, and a colleague who has just said that the first message is understood."""
    desk = desk_of()
    desk.page.route_web_socket("**/ws/desk/**", line)
    desk.open(sender)
    other = desk_of(ben).open(sender)
    other.press("c")
    expect(other.toast).to_contain_text("Noted as correct.")
    return desk, other


def ask_for_a_pong(desk: Desk) -> None:
    """As twenty seconds of silence do."""
    desk.page.evaluate("dispatchEvent(new Event('pageshow'))")


def without_hints(socket: WebSocketRoute) -> None:
    server = socket.connect_to_server()
    server.on_message(lambda text: socket.send(text) if json.loads(text)["type"] in {"pong", "presence"} else None)


def without_the_first_change(socket: WebSocketRoute) -> None:
    server, lost = socket.connect_to_server(), list[str]()

    def pass_on(text: str | bytes) -> None:
        if not lost and json.loads(text)["type"] == "changed":
            lost.append(str(text))
        else:
            socket.send(text)

    server.on_message(pass_on)
