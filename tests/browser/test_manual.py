"""The API's manual in Chromium: it works under a policy that allows nothing inline."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Browser, expect

from tests.running import Running

pytestmark = [pytest.mark.browser, pytest.mark.processes]


def test_it_tries_the_api_without_a_complaint(chromium: Browser, live: Running) -> None:
    page = chromium.new_context(base_url=live.url).new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/api/docs/")
    login = page.locator("#operations-Log_in-login")
    login.get_by_role("button", name="Log in").first.click()
    login.get_by_role("button", name="Try it out").click()
    login.get_by_role("textbox").fill(json.dumps({"username": "admin", "password": "desk-of-ana"}))
    login.get_by_role("button", name="Execute").click()
    expect(login.locator(".live-responses-table .response-col_status").last).to_contain_text("200", timeout=15_000)
    assert complaints == []
    page.context.close()
