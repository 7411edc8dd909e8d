"""The staff site in a real browser, on a running installation."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import violations
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

    page.get_by_role("link", name="Conversations today").click()
    page.get_by_label("Search conversations").fill(sender)
    page.keyboard.press("Enter")
    page.get_by_role("link", name=sender).click()

    expect(page.get_by_role("heading", level=1)).to_have_text(sender)
    expect(page.get_by_label("Messages", exact=True)).to_contain_text("hello from the browser")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert complaints == []


def test_it_opens_what_was_understood_by_keyboard(page: Page, live: Running) -> None:
    live.post_until_answered("keys", "hello by keyboard")
    page.goto("/admin/conversations/conversation/?q=keys")
    page.get_by_role("link", name="keys").click()
    page.locator(".more summary").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Time by stage").first).to_be_visible()


def test_it_changes_between_light_and_dark(page: Page) -> None:
    page.get_by_role("button", name="Toggle theme").click()
    themes = {page.locator("html").get_attribute("data-theme")}
    page.get_by_role("button", name="Toggle theme").click()
    themes.add(page.locator("html").get_attribute("data-theme"))
    assert themes == {"light", "dark"}


PAGES = (
    "/admin/",
    "/admin/conversations/conversation/",
    "/admin/training/modelversion/",
    "/admin/training/environment/",
    "/admin/auth/user/",
)


def test_it_has_no_barrier_that_axe_can_find(page: Page, live: Running) -> None:
    live.post_until_answered("axe", "hello")
    page.goto("/admin/conversations/conversation/?q=axe")
    transcript = page.get_by_role("link", name="axe").get_attribute("href")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for path in (*PAGES, str(transcript)):
            page.goto(path)
            assert violations(page) == [], path
