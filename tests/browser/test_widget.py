"""The chat widget as people meet it: in Chromium, on a running installation."""

import time

import pytest
from playwright.sync_api import expect

from tests.running import until

pytestmark = [pytest.mark.browser, pytest.mark.processes]
PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}


def said(*texts):
    return [line for text in texts for line in (text, f"You said: {text}")]


@pytest.mark.modes("embedded", "distributed")
def test_it_answers_and_goes_on_after_a_reload(visitor):
    tab = visitor.tab().open()
    tab.say("ahoy")
    tab.page.reload()
    tab.say("hello again")

    assert tab.texts() == said("ahoy", "hello again")
    assert visitor.complaints == []


@pytest.mark.modes("embedded", "distributed")
def test_it_keeps_two_tabs_in_step(visitor):
    one, two = visitor.tab().open(), visitor.tab()
    one.say("from the first tab")
    two.open()
    expect(two.bubbles().last).to_have_text("You said: from the first tab")
    two.say("from the second tab")

    expect(one.bubbles().last).to_have_text("You said: from the second tab")
    assert one.texts() == two.texts() == said("from the first tab", "from the second tab")


@pytest.mark.modes("embedded", "distributed")
def test_it_loses_nothing_when_the_server_is_restarted_in_mid_conversation(visitor_of, installation):
    tab = visitor_of(installation).tab().open()
    tab.say("before")
    for name in list(installation.processes):
        installation.kill(name)
    tab.type("while it was down")
    expect(tab.chat.get_by_role("status").filter(has_text="Connection lost")).to_be_visible()
    installation.start_processes()

    expect(tab.bubbles().last).to_have_text("You said: while it was down", timeout=60_000)
    tab.say("after")
    assert tab.texts() == said("before", "while it was down", "after")


@pytest.mark.modes("embedded", "distributed")
def test_it_keeps_what_was_written_offline_and_sends_it_once(visitor):
    tab = visitor.tab().open()
    tab.say("online")
    visitor.context.set_offline(True)
    tab.type("first offline")
    tab.type("second offline")
    expect(tab.chat.get_by_role("status").filter(has_text="You are offline")).to_be_visible()
    expect(tab.launcher).to_be_visible()
    visitor.context.set_offline(False)

    expect(tab.bubbles().last).to_have_text("You said: second offline", timeout=40_000)
    texts = ["online", "first offline", "second offline"]
    assert [text for text in tab.texts() if text in texts] == texts
    assert [text for text in tab.texts() if text not in texts] == [f"You said: {text}" for text in texts]


def test_it_sends_what_was_still_unsent_when_the_page_was_closed(visitor):
    tab = visitor.tab().open()
    tab.say("online")
    visitor.context.set_offline(True)
    tab.type("left behind")
    visitor.context.set_offline(False)
    tab.page.close()
    again = visitor.tab()
    again.open() if again.launcher.get_attribute("aria-expanded") == "false" else None

    expect(again.bubbles().last).to_have_text("You said: left behind", timeout=40_000)
    assert again.texts() == said("online", "left behind")


def test_it_keeps_a_draft(visitor):
    tab = visitor.tab().open()
    tab.field.fill("half a thought")
    until(lambda: "half a thought" in tab.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])"))
    tab.page.reload()
    expect(tab.field).to_have_value("half a thought")


def test_it_offers_buttons_until_something_was_said(visitor):
    tab = visitor.tab().open()
    tab.type("/buttons")
    tab.chat.get_by_role("button", name="Yes", exact=True).click()

    expect(tab.bubbles().last).to_have_text("You said: /yes")
    assert "Yes" in tab.texts()
    expect(tab.chat.get_by_role("button", name="Yes", exact=True)).to_have_count(0)


def test_it_works_by_keyboard_alone(visitor):
    tab = visitor.tab()
    tab.launcher.focus()
    tab.page.keyboard.press("Enter")
    expect(tab.field).to_be_focused()
    tab.page.keyboard.type("a line")
    tab.page.keyboard.press("Shift+Enter")
    tab.page.keyboard.type("and another")
    tab.page.keyboard.press("Enter")
    expect(tab.bubbles().last).to_contain_text("and another")
    tab.page.keyboard.press("Escape")

    expect(tab.launcher).to_be_focused()
    expect(tab.launcher).to_have_attribute("aria-expanded", "false")


def test_it_counts_what_came_while_it_was_shut(visitor):
    tab = visitor.tab().open()
    tab.type("/sleep 1")
    tab.field.press("Escape")
    expect(tab.launcher).to_have_attribute("aria-label", "Open chat (1 unread)")


def test_it_fills_a_phone(visitor_of, live):
    tab = visitor_of(live, **PHONE).tab().open()
    tab.say("hello from a phone")
    box = tab.page.locator("#frontdesk iframe").bounding_box()

    assert (box["x"], box["width"]) == (0, 360)
    assert box["height"] >= 700
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize(
    "text",
    [
        "<img src=x onerror=alert(1)>",
        "[click](javascript:alert(1))",
        "![picture](https://evil.example/x.png)",
        "<script>alert(1)</script>",
        "[a](data:text/html;base64,PHNjcmlwdD4=)",
    ],
)
def test_it_makes_no_html_of_what_people_write(visitor, text):
    tab = visitor.tab().open()
    alerts = []
    tab.page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    tab.type(text)
    expect(tab.bubbles()).to_have_count(2)

    for bubble in tab.bubbles().all():
        assert bubble.locator("img, script, a[href^=javascript], a[href^=data]").count() == 0
    assert alerts == []


def test_it_shows_markdown(visitor):
    tab = visitor.tab().open()
    tab.type("**bold** and [a link](https://example.com/) and `code`")
    answer = tab.bubbles().nth(1)

    expect(answer.locator("strong")).to_have_text("bold")
    expect(answer.locator("code")).to_have_text("code")
    expect(answer.get_by_role("link", name="a link")).to_have_attribute("rel", "noopener nofollow ugc")


def test_it_says_that_a_text_is_too_long_and_keeps_it(visitor):
    tab = visitor.tab().open()
    tab.field.fill("x" * 4010)
    expect(tab.chat.get_by_text("10 characters too many")).to_be_visible()
    tab.field.press("Enter")
    expect(tab.field).to_have_value("x" * 4010)


def test_it_calls_a_person_and_says_so(visitor):
    tab = visitor.tab().open()
    tab.say("ahoy")
    tab.chat.get_by_role("button", name="More options").click()
    tab.chat.get_by_role("button", name="Talk to a person").click()
    expect(tab.chat.get_by_text("A person will join you soon")).to_be_visible()


def test_it_keeps_thumbs(visitor):
    tab = visitor.tab().open()
    tab.say("ahoy")
    tab.chat.get_by_role("button", name="Helpful", exact=True).click()
    expect(tab.chat.get_by_text("Thank you")).to_be_visible()
    tab.page.reload()
    thumb = tab.chat.get_by_role("button", name="Helpful", exact=True)
    expect(thumb).to_have_attribute("aria-pressed", "true")


def test_it_forgets_a_visitor_who_wants_that(visitor):
    tab = visitor.tab().open()
    tab.say("forget me")
    tab.chat.get_by_role("button", name="More options").click()
    tab.chat.get_by_role("button", name="Clear my data on this device").click()
    tab.chat.get_by_role("button", name="Clear", exact=True).click()
    expect(tab.bubbles()).to_have_count(0)
    tab.page.reload()
    stored = "Object.values(localStorage).join().includes('forget me')"

    assert tab.page.evaluate(stored) is False


def test_it_obeys_the_page_it_is_on(visitor):
    tab = visitor.tab()
    heard = "window.heard = []; Frontdesk.on('message:received', ({ text }) => heard.push(text))"
    tab.page.evaluate(f"{heard}; Frontdesk.open(); Frontdesk.sendMessage('sent by the page')")
    expect(tab.bubbles().last).to_have_text("You said: sent by the page")
    until(lambda: tab.page.evaluate("heard") == ["You said: sent by the page"])
    tab.page.evaluate("Frontdesk.setLocale('de')")

    expect(tab.chat.get_by_role("textbox", name="Ihre Nachricht")).to_be_visible()


def test_it_is_written_from_right_to_left_in_arabic(visitor):
    tab = visitor.tab().open()
    tab.page.evaluate("Frontdesk.setLocale('ar')")
    expect(tab.chat.locator("html")).to_have_attribute("dir", "rtl")


@pytest.mark.clock
def test_it_comes_back_at_once_when_the_tab_is_looked_at(visitor, live):
    tab = visitor.tab().open()
    tab.say("ahoy")
    began = time.monotonic()
    visitor.context.set_offline(True)
    expect(tab.chat.get_by_role("status").filter(has_text="You are offline")).to_be_visible()
    visitor.context.set_offline(False)
    tab.say("back")
    assert time.monotonic() - began < 10
