"""What axe-core finds against WCAG 2.2 A and AA."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = next((Path(__file__).parent / "vendor").glob("axe-*.min.js"))
FINISH = """for (const each of document.getAnimations()) {
    if (each.effect.getComputedTiming().endTime !== Infinity) each.finish()
}"""
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]


def violations_by_day_and_night(page: Page) -> list[str]:
    """Nothing but colours changes with the scheme."""
    page.emulate_media(color_scheme="light")
    found = violations(page)
    page.emulate_media(color_scheme="dark")
    page.evaluate(FINISH)
    found += [f"dark: {each}" for each in _found(page, {"type": "rule", "values": ["color-contrast"]})]
    page.emulate_media(color_scheme="light")
    return found


def violations(page: Page) -> list[str]:
    """In this page and the frames in it."""
    return _found(page, {"type": "tag", "values": WCAG})


def _found(page: Page, rules: dict[str, Any]) -> list[str]:
    for frame in page.frames:
        if not frame.evaluate("'axe' in window"):
            frame.evaluate(AXE.read_text())
    found = page.evaluate(f"axe.run(document, {json.dumps({'runOnly': rules})})")
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found["violations"] for node in rule["nodes"]]
