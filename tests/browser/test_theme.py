"""The theme runs under our content security policy without a word on the console."""

from __future__ import annotations

from tests.browser.conftest import Browser
from tests.browser.conftest import lasting_site as site

__all__ = ["site"]


def test_login_desk_and_palette_are_silent_on_the_console(desk: Browser) -> None:
    page = desk.window("wang")
    page.keyboard.press("Control+k")
    page.wait_for_selector("#search-input-command", state="visible")
    page.goto(f"{desk.base}/admin/registry/aimodel/")
    page.wait_for_load_state("networkidle")

    assert desk.faults == []
