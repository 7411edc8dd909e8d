"""The review desk in Chromium: without a mouse, on a phone, for everybody."""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.axe import violations_by_day_and_night
from tests.browser.conftest import Visitor
from tests.browser.desk import LIST, PHONE, Desk, DeskOf
from tests.running import REAL, ROOT, Running

pytestmark = [pytest.mark.browser, pytest.mark.processes]


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
    expect(desk.current.locator(".annotation > summary")).to_contain_text("book_appointment")
    expect(desk.toast).to_contain_text("Taught as book_appointment.")
    desk.press("f")
    expect(desk.current).to_contain_text("Flagged")
    desk.press("j", "c", "r")
    expect(desk.toast).to_contain_text(f"{sender} is reviewed.")
    desk.press("u")
    expect(desk.page.locator("#desk-state")).to_contain_text("Waits for review")
    expect(desk.toast).to_contain_text("Undone. As it was before.")
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
    expect(desk.current.locator(".annotation > summary")).to_contain_text("sunday_tables")
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


def test_it_finds_what_a_visitor_disliked(desk_of: DeskOf, visitor: Visitor) -> None:
    words, tab = uuid.uuid4().hex, visitor.tab().open()
    for text in (f"ahoy {words}", "well understood", "disliked"):
        tab.say(text)
    tab.chat.get_by_role("button", name="Not helpful", exact=True).last.click()
    desk = desk_of()
    desk.page.goto(f"{LIST}?q={words}")
    desk.page.locator("#result_list tbody th a").click()
    expect(desk.page.locator("body.by-script")).to_be_attached()
    assert desk.page.evaluate("CSS.highlights.get('found').size") == 2  # the word in the question and in the echo
    desk.line(1).locator(".bubble").click()
    desk.press("d")
    expect(desk.line(5)).to_have_attribute("aria-current", "true")


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
    desk.line(3).locator(".annotation > summary").click()
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


@pytest.mark.parametrize("sight", [{}, PHONE], ids=["desk", "phone"])
def test_it_has_no_barrier_that_axe_can_find(desk_of: DeskOf, sender: str, sight: dict[str, Any]) -> None:
    desk = desk_of(reduced_motion="reduce", **sight).open(sender)
    desk.press("j")
    desk.pick("prices")
    expect(desk.toast).to_contain_text("Taught as")
    desk.press("n")
    assert violations_by_day_and_night(desk.page) == []
    desk.press("Escape", "i")
    expect(desk.page.get_by_role("option").first).to_be_visible()
    assert violations_by_day_and_night(desk.page) == []
    desk.press("Escape", "?")
    assert violations_by_day_and_night(desk.page) == []


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
