"""What the widget owes the page that it is on: little weight, no rights it was not given, and to be usable by all."""

from __future__ import annotations

import gzip
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import expect

from tests.browser.axe import violations, violations_by_day_and_night

ROOT = Path(__file__).resolve().parents[2]
WIDGET = ROOT / "static" / "widget"
KB = 1024
PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
SIGHTS = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "phone": PHONE,
    "phone-dark": {**PHONE, "color_scheme": "dark"},
    "forced-colors": {"forced_colors": "active"},
}


def test_it_weighs_little():
    loader = gzip.compress((WIDGET / "loader.js").read_bytes())
    parts = [path for path in WIDGET.rglob("*") if path.suffix in {".js", ".css"}]
    everything = sum(len(gzip.compress(path.read_bytes())) for path in parts)

    assert len(loader) <= 5 * KB
    assert everything <= 40 * KB


@pytest.fixture(scope="module")
def strict_site(live) -> Iterator[str]:
    """Somebody's page with the embed snippet, and a policy that allows our script and our frame and nothing else."""
    policy = f"default-src 'none'; script-src {live.url}; frame-src {live.url}"
    snippet = f'<script src="{live.url}/widget/loader.js" data-accent="#7a1fa2" data-title="Ask us" defer></script>'
    page = f'<!doctype html><html lang="en"><title>A shop</title><h1>A shop</h1>{snippet}</html>'.encode()

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/" else 204)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(page if self.path == "/" else b"")

        def log_message(self, *words: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.mark.browser
@pytest.mark.processes
def test_it_works_on_somebody_elses_page_under_a_strict_policy(visitor, strict_site):
    tab = visitor.tab(strict_site).open()
    tab.say("hello from a shop")
    tab.page.reload()
    tab.say("still here")

    assert visitor.complaints == []


@pytest.mark.browser
@pytest.mark.processes
def test_it_puts_no_token_into_an_address(visitor):
    addresses = []
    tab = visitor.tab()
    tab.page.on("request", lambda request: addresses.append(request.url))
    tab.page.on("websocket", lambda socket: addresses.append(socket.url))
    tab.open().say("ahoy")
    token = tab.page.evaluate("Object.values(localStorage).find((value) => value.includes(':'))").strip('"')

    assert len(token) > 30
    assert not [address for address in addresses if token in address]


@pytest.mark.browser
@pytest.mark.processes
@pytest.mark.parametrize("sight", ["light", "phone", "forced-colors"])
def test_it_has_no_barrier_that_axe_can_find(visitor_of, live, sight):
    found_on = violations if sight == "forced-colors" else violations_by_day_and_night
    tab = visitor_of(live, reduced_motion="reduce", **SIGHTS[sight]).tab()
    assert found_on(tab.page) == []
    tab.open()
    tab.say("hello there")
    tab.type("/buttons")
    expect(tab.chat.get_by_role("button", name="Yes", exact=True)).to_be_visible()
    assert found_on(tab.page) == []


@pytest.mark.browser
@pytest.mark.processes
@pytest.mark.parametrize("path", ["/", "/widget/frame/", "/admin/login/"])
def test_it_allows_no_inline_script_or_style(live, path):
    with urlopen(live.url + path) as response:
        policy = response.headers["Content-Security-Policy"]
        body = response.read().decode()

    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert not [inline for inline in (" style=", "<style", "onclick=") if inline in body]


@pytest.mark.rasa
@pytest.mark.browser
@pytest.mark.processes
@pytest.mark.skipif("FRONTDESK_SCREENSHOTS" not in os.environ, reason="FRONTDESK_SCREENSHOTS=1 draws docs/images anew")
def test_it_is_worth_a_picture(visitor_of, tmp_path_factory):
    from tests.running import REAL, Running

    running = Running(tmp_path_factory.mktemp("pictures"), "embedded", engine=REAL).start()
    try:
        _draw(visitor_of, running)
    finally:
        running.stop()


def _draw(visitor_of, running) -> None:
    images = ROOT / "docs" / "images"
    for name, options in SIGHTS.items():
        if name == "forced-colors":
            continue
        tab = visitor_of(running, **options).tab().open()
        for text in ("Hi there", "What does it cost?", "When are you open?"):
            count = tab.bubbles().count()
            tab.type(text)
            expect(tab.bubbles()).to_have_count(count + 2, timeout=30_000)
        tab.page.wait_for_timeout(600)
        tab.page.screenshot(path=images / f"widget{'' if name == 'light' else '-' + name}.png")
    _draw_staff(visitor_of, running, images)


def _draw_staff(visitor_of, running, images: Path) -> None:
    page = visitor_of(running).tab("/admin/").page
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill("desk-of-ana")
    page.get_by_role("button", name="Log in").click()
    page.screenshot(path=images / "staff.png")
    page.goto("/admin/conversations/conversation/")
    page.screenshot(path=images / "conversations.png")
    page.locator("#result_list tbody a").first.click()
    page.wait_for_timeout(300)
    page.screenshot(path=images / "transcript.png")
