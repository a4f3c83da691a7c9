"""What every page must be, whoever looks at it: usable by all, and no wider than a phone."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from tests.browser.conftest import AXE, DESKTOP, PHONE


def assert_usable(page: Page) -> None:
    """No axe violation, and nothing to scroll sideways for at 360 px."""
    page.wait_for_load_state()  # a click is over when the answer begins to come
    page.evaluate(AXE.read_text())
    found: dict[str, Any] = page.evaluate("axe.run({resultTypes: ['violations']})")
    violations = [
        f"{each['id']}: {node['html'][:120]}"
        for each in found["violations"]
        for node in each["nodes"]
    ]
    assert not violations, violations
    page.set_viewport_size(PHONE)
    wide: list[str] = page.evaluate(
        """() => document.documentElement.scrollWidth <= innerWidth ? [] :
        [...document.querySelectorAll('body *')]
        .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
        .map(e => e.outerHTML.slice(0, 120))"""
    )
    assert not wide, wide
    page.set_viewport_size(DESKTOP)
