"""The theme runs under our content security policy without a word on the console."""

from __future__ import annotations

from typing import Any

import pytest

from tests import world

pytestmark = pytest.mark.browser


@pytest.fixture
def browsing(request: pytest.FixtureRequest) -> tuple[Any, str]:  # a Playwright page, if present
    """The page and the address of the site; skipped until the browser's fixtures are there."""
    try:
        site = str(request.getfixturevalue("site"))
        return request.getfixturevalue("page"), site
    except pytest.FixtureLookupError as missing:
        pytest.skip(f"no fixture “{missing.argname}”")


def test_login_and_index_are_silent_on_the_console(browsing: tuple[Any, str]) -> None:
    page, site = browsing
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{page.url}: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"{page.url}: {error}"))

    page.goto(f"{site}/admin/login/?next=/admin/")
    page.fill("#id_username", "wang")
    page.fill("#id_password", world.PASSWORD)
    page.click("#login-form button[type=submit]")
    page.wait_for_url("**/admin/")
    page.keyboard.press("Control+k")
    page.wait_for_selector("#search-input-command", state="visible")

    assert said == []
