"""A real server on a database of the test's own, and Debian's Chromium."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests import conftest
from tests.world import PASSWORD

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright runs a loop in this thread
# The shell draws the same pages without a browser around them, for two thirds of the work.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), "")
SWITCHES = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
]  # fmt: skip
SCREENSHOTS = Path(settings.BASE_DIR) / "var" / "screenshots"
LOCALES = {"zh": "zh-CN", "en": "en-US"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests are skipped, and say so, where there is no Chromium."""
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)
            if not CHROMIUM:
                item.add_marker(pytest.mark.skip(reason="no Chromium is installed"))


@pytest.fixture
def site(committed: str) -> Iterator[str]:
    """The address of gunicorn, serving the test's own database."""
    with serving(committed) as address:
        yield address


@pytest.fixture(scope="module")
def lasting_site(django_db_setup: None) -> Iterator[str]:
    """One server for all tests of a module: for those that leave nothing in its database.

    A module takes it by importing it as `site`.
    """
    name = f"mingce_own_{uuid.uuid4().hex[:8]}"
    conftest.clone(conftest.WORLD, name)
    try:
        with serving(name) as address:
            yield address
    finally:
        conftest.drop(name)


@contextmanager
def serving(database: str, **told: str) -> Iterator[str]:
    """The address of gunicorn on the database; `told` goes into its environment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    at = settings.DATABASES["default"]
    host = at["HOST"] or at["OPTIONS"].get("host", "127.0.0.1")
    environment = os.environ | {
        "DATABASE_URL": f"postgresql://{at['USER']}@/{database}?host={host}",
        "DJANGO_SETTINGS_MODULE": "tests.browser.settings",
        "MINGCE_TEST_DATA_DIR": str(settings.DATA_DIR),
        "LOG_LEVEL": "ERROR",
        **told,
    }
    command = [
        sys.executable, "-m", "gunicorn", "config.wsgi:application", "-k", "gthread", "-w", "1",
        "--threads", "4", "-b", f"127.0.0.1:{port}", "--log-level", "error",
    ]  # fmt: skip
    server = subprocess.Popen(command, env=environment)  # noqa: S603 (our own command)
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


def _wait_for(port: int) -> None:
    for _attempt in range(300):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2)  # noqa: S310 (loopback)
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the server does not answer")


class Browser:
    """Chromium with a window for each person; console errors are collected."""

    def __init__(self, chromium: Any, base: str, language: str) -> None:
        self.chromium, self.base, self.language = chromium, base, language
        self.faults: list[str] = []
        self.windows: dict[str, Any] = {}

    def window(self, username: str, width: int = 1280) -> Any:
        """The person's page, signed in."""
        if username not in self.windows:
            context = self.chromium.new_context(
                locale=LOCALES[self.language], viewport={"width": width, "height": 900}
            )
            page = context.new_page()
            page.on("console", self._hear)
            page.on("pageerror", lambda error: self.faults.append(error.stack or str(error)))
            page.goto(f"{self.base}/admin/login/")
            page.fill("[name=username]", username)
            page.fill("[name=password]", PASSWORD)
            page.click("[type=submit]")
            page.wait_for_url(f"{self.base}/admin/")
            self.windows[username] = page
        return self.windows[username]

    def shot(self, page: Any, name: str) -> None:
        """A screenshot, kept as build output."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{name}-{self.language}.png", full_page=True)

    def _hear(self, message: Any) -> None:
        if message.type in ("error", "warning") and "422" not in message.text:
            self.faults.append(message.text)


@pytest.fixture(params=["zh", "en"])
def desk(request: pytest.FixtureRequest, site: str) -> Iterator[Browser]:
    """The browser, in Chinese and in English; any console error fails the test."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        found = Browser(chromium, site, request.param)
        yield found
        chromium.close()
    assert found.faults == []


def press(desk: Browser, username: str, verb: str, key: uuid.UUID, fields: dict[str, str]) -> None:
    """The person fills the verb's form and presses its button."""
    page = desk.window(username)
    page.goto(f"{desk.base}/do/{verb}/{key}/")
    for name, value in fields.items():
        radio = page.query_selector(f"[name={name}][type=radio][value='{value}']")
        if radio is not None:
            radio.check()
            continue
        field = page.locator(f"[name={name}]")
        if field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(value)
        elif field.get_attribute("type") == "checkbox":
            field.check()
        else:
            field.fill(value)
    submit(page)


def submit(page: Any) -> None:
    """The form's own button; the page that follows is not an error."""
    with page.expect_navigation():
        page.click("main form.desk-form button[type=submit]")
    refused = page.query_selector("main .notice-box.bad[role=alert]")
    assert page.query_selector("form.desk-form .notice-box.bad") is None
    assert refused is None or "/do/" not in page.url, refused.inner_text()
