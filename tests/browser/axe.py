"""What axe-core finds against WCAG 2.2 A and AA."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import Page

AXE = next((Path(__file__).parent / "vendor").glob("axe-*.min.js"))
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]


def violations(page: Page) -> list[str]:
    """In this page and the frames in it."""
    for frame in page.frames:
        frame.evaluate(AXE.read_text())
    found = page.evaluate(f"axe.run(document, {json.dumps({'runOnly': WCAG})})")
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found["violations"] for node in rule["nodes"]]
