"""The pages of training data in a real browser, on a running installation."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import violations, violations_by_day_and_night
from tests.running import Running

pytestmark = [pytest.mark.browser, pytest.mark.processes]
LIST = "/admin/training/intent/"
WIDEST = """() => Math.max(...[...document.querySelectorAll("#content *")]
    .filter((part) => !part.closest(".tabs")).map((part) => part.getBoundingClientRect().right))"""


@pytest.fixture
def page(chromium: Browser, live: Running) -> Iterator[Page]:
    """The list of intents, logged in."""
    page = chromium.new_page(base_url=live.url, viewport={"width": 1440, "height": 900})
    page.goto(LIST)
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill("desk-of-ana")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Training data")
    yield page
    page.close()


def taught(page: Page, *texts: str, prefix: str = "ask_") -> str:
    """A new intent with these examples, written with the keyboard alone."""
    name = f"{prefix}{uuid.uuid4().hex[:8]}"
    page.goto(LIST)
    page.keyboard.press("n")
    page.keyboard.type(f"{name}\n")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    page.wait_for_load_state()  # its keys are there
    page.keyboard.press("n")
    page.get_by_label("Add what people say").fill("\n".join(texts))
    page.keyboard.press("Control+Enter")
    expect(page.locator(".example")).to_have_count(len(texts))
    return name


def test_it_marks_an_entity_with_the_keyboard_alone(page: Page) -> None:
    taught(page, "😀 a large pizza", "a [small](size) one")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    text = page.get_by_label("What the visitor says")
    expect(text).to_be_focused()
    text.evaluate("field => field.setSelectionRange(5, 10)")  # JavaScript counts an emoji twice
    page.keyboard.press("Shift+ArrowRight")
    tab_to(page, "size")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator(".example.saved mark")).to_have_text("large")
    page.reload()
    expect(page.locator(".example mark").first).to_have_text("large")
    expect(page.locator(".example mark").first).to_have_attribute("title", "size")


def tab_to(page: Page, name: str) -> None:
    """The button of that name, among those of other entities that the bot knows."""
    for _ in range(6):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == name:
            return
    raise AssertionError(f"no button {name} can be reached")


def test_it_relabels_and_undoes_with_the_keyboard_alone(page: Page) -> None:
    target = taught(page, "first of all")
    taught(page, "one", "two", "three")
    for key in ("j", "x", "j", "x", "i"):
        page.keyboard.press(key)
    page.keyboard.type(f"{target}\n")
    expect(page.get_by_role("status")).to_contain_text(f"Moved 2 examples to {target}.")
    expect(page.locator(".example")).to_have_count(1)
    page.keyboard.press("u")
    expect(page.locator(".example")).to_have_count(3)


def test_it_previews_a_response_while_it_is_written(page: Page) -> None:
    page.goto(f"{LIST}responses/new/")
    page.get_by_label("Name").fill(f"utter_{uuid.uuid4().hex[:8]}")
    page.get_by_label("Text").fill("We bake at night.")
    page.get_by_role("button", name="Add a button").click()
    page.get_by_label("Title of the button").fill("Order now")
    page.get_by_label("What the button sends").fill("/order")
    expect(page.get_by_label("Preview").locator(".bubble")).to_have_text("We bake at night.")
    expect(page.get_by_label("Preview").get_by_role("listitem")).to_have_text("Order now")
    page.get_by_role("button", name="Another variation").click()
    page.get_by_label("Text").last.fill("Fresh every morning.")
    page.get_by_role("button", name="Save response").click()
    expect(page.get_by_label("Text")).to_have_count(2)
    expect(page.get_by_label("Title of the button")).to_have_value("Order now")


def test_it_has_no_barrier_that_axe_can_find(page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    taught(page, "a [small](size) one")
    intent = page.url
    others = ("examples/", "responses/", "responses/new/", "synonyms/", "findings/")
    pages = [LIST, intent, *(f"{LIST}{it}" for it in others)]
    for url in pages:
        page.goto(url)
        assert violations_by_day_and_night(page) == [], url
    page.goto(intent)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_label("What the visitor says")).to_be_focused()
    assert violations(page) == []
    assert complaints == []


def test_it_fits_its_screen_whatever_an_intent_is_called(page: Page) -> None:
    taught(page, "a rather long example " * 6, prefix="ask_about_" * 7)
    intent = page.url
    for width in (1440, 360):
        page.set_viewport_size({"width": width, "height": 780})
        for url in (LIST, intent, *(f"{LIST}{it}" for it in ("examples/", "responses/", "synonyms/", "findings/"))):
            page.goto(url)
            assert page.evaluate(WIDEST) <= width, url
