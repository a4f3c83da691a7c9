"""A browser, a running web server, and signing in as somebody with one call."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    ViewportSize,
    expect,
    sync_playwright,
)
from waitress.server import create_server

from tests.browser import chromium
from tests.factories import PASSWORD, Account

AXE = Path(chromium.ROOT / "node_modules/axe-core/axe.min.js")
DESKTOP = ViewportSize(width=1280, height=900)
PHONE = ViewportSize(width=360, height=740)
PATIENCE_MILLISECONDS = 30_000
AT_ONCE = 8
"""A browser opens up to six connections and keeps them."""

SignIn = Callable[..., Page]

expect.set_options(timeout=PATIENCE_MILLISECONDS)  # it does not ask the context


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = chromium.find()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=found.program,
            args=chromium.ARGUMENTS,
            env={**found.environment},
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def address(web: Flask) -> Iterator[str]:
    server = create_server(web, host="127.0.0.1", port=0, threads=AT_ONCE)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()
    thread.join()
    server.task_dispatcher.shutdown()


@pytest.fixture
def context(browser: Browser, address: str) -> Iterator[BrowserContext]:
    context = browser.new_context(
        base_url=address, viewport=DESKTOP, locale="zh-CN", reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page on which nothing may go wrong unseen: no script error, nothing refused by the CSP."""
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        # The browser itself reports every 4xx; those are looked at by the tests that cause them.
        if message.type == "error" and "the server responded with a status" not in message.text:
            complaints.append(message.text)

    page = context.new_page()
    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    assert not complaints


@pytest.fixture
def signed_in(page: Page) -> SignIn:
    def sign_in(account: Account, password: str = PASSWORD, target: str = "/") -> Page:
        page.goto(f"/sign-in?next={target}")
        page.get_by_label("登录名").fill(account.actor.login)
        page.get_by_label("密码", exact=True).fill(password)
        page.get_by_role("button", name="登录", exact=True).click()
        return page

    return sign_in
