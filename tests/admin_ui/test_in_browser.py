"""The staff site in a real browser, on a running installation."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import violations_by_day_and_night
from tests.running import Running

pytestmark = [pytest.mark.browser, pytest.mark.processes]


@pytest.fixture(params=[1440, 360])
def page(chromium: Browser, live: Running, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The index page, logged in."""
    page = chromium.new_page(base_url=live.url, viewport={"width": request.param, "height": 800})
    page.goto("/admin/")
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill("desk-of-ana")
    page.get_by_role("button", name="Log in").click()
    yield page
    page.close()


def test_it_leads_from_the_index_to_what_was_said(page: Page, live: Running) -> None:
    sender = f"browser-{page.viewport_size['width'] if page.viewport_size else 0}"
    live.post_until_answered(sender, "hello from the browser")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)

    page.get_by_role("link", name="To review").first.click()
    page.get_by_label("Search in all messages").fill(sender)
    page.keyboard.press("Enter")
    page.locator("#result_list").get_by_role("link", name=sender).click()

    expect(page.get_by_role("heading", level=1)).to_have_text(sender)
    expect(page.get_by_label("Messages", exact=True)).to_contain_text("hello from the browser")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert complaints == []


def test_it_finds_chooses_and_opens_by_keyboard(page: Page, live: Running) -> None:
    """`/` searches, j and k go through the rows, x chooses one, Enter opens it at the hit."""
    word = f"needle{page.viewport_size['width'] if page.viewport_size else 0}"
    for number in (1, 2):
        live.post_until_answered(f"{word}-{number}", f"a {word} of mine")
    page.goto("/admin/conversations/conversation/")
    page.keyboard.press("/")
    page.keyboard.type(word)
    page.keyboard.press("Enter")
    expect(page.locator("mark").first).to_have_text(word)
    page.wait_for_load_state()  # its keys are there
    for key in "jjx":
        page.keyboard.press(key)
    expect(page.locator("tr.selected")).to_have_count(1)
    expect(page.get_by_role("button", name="Mark reviewed")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/change/\?.*at=\d"))


def test_it_narrows_and_widens_the_list_again(page: Page, live: Running) -> None:
    live.post_until_answered("narrow", "hello")
    page.goto("/admin/conversations/conversation/")
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("Active").select_option("Today")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile(r"\?when=today$"))
    page.get_by_role("link", name="Today").click()
    expect(page).to_have_url(re.compile(r"conversation/\??$"))


def test_it_changes_between_light_and_dark(page: Page) -> None:
    page.get_by_role("button", name="Toggle theme").click()
    themes = {page.locator("html").get_attribute("data-theme")}
    page.get_by_role("button", name="Toggle theme").click()
    themes.add(page.locator("html").get_attribute("data-theme"))
    assert themes == {"light", "dark"}


PAGES = (
    "/admin/",
    "/admin/conversations/conversation/",
    "/admin/conversations/conversation/?when=week&review=todo",
    "/admin/conversations/replay/",
    "/admin/conversations/replay/add/",
    "/admin/training/modelversion/",
    "/admin/training/environment/",
    "/admin/auth/user/",
)


@pytest.mark.parametrize("page", [1440], indirect=True)
def test_it_has_no_barrier_that_axe_can_find(page: Page, live: Running) -> None:
    live.post_until_answered("axe", "hello")
    page.goto("/admin/conversations/conversation/?q=axe")
    transcript = page.locator("#result_list").get_by_role("link", name="axe").get_attribute("href")
    for path in (*PAGES, str(transcript)):
        page.goto(path)
        assert violations_by_day_and_night(page) == [], path
