"""What somebody has typed outlives an ended login, another language and a stopped preview."""

from __future__ import annotations

from typing import Any

from tests.browser.conftest import Browser
from tests.browser.conftest import lasting_site as site
from tests.world import PASSWORD

__all__ = ["site"]

NAME = "草稿中的模型"


def form_filled(desk: Browser) -> Any:
    """The registration form with a name, a purpose and two answers."""
    page = desk.window("wang")
    page.goto(f"{desk.base}/register/")
    page.fill("[name=name_zh]", NAME)
    page.fill("[name=purpose]", "草稿中的目的")
    with page.expect_response("**/register/preview/"):
        page.check("[name=Q01][value=credit_approval]")
    page.check("[name=Q03][value=confirmed]")
    return page


def shown(page: Any) -> tuple[str, str, bool, bool]:
    """What stands in the form."""
    return (
        page.input_value("[name=name_zh]"),
        page.input_value("[name=purpose]"),
        page.is_checked("[name=Q01][value=credit_approval]"),
        page.is_checked("[name=Q03][value=confirmed]"),
    )


WHOLE = (NAME, "草稿中的目的", True, True)


def test_an_ended_login_loses_nothing_that_was_typed(desk: Browser) -> None:
    page = form_filled(desk)
    page.context.clear_cookies()
    page.check("[name=Q04][value=natural_person]")
    page.wait_for_selector("[data-live-ended]:visible")
    assert "login-form" not in page.inner_html("#preview")
    page.click("button.primary[type=submit]")
    desk.faults.clear()  # the browser notes the refusal of the stale form
    page.goto(f"{desk.base}/register/")
    assert page.is_visible("#why-login")
    page.fill("[name=username]", "wang")
    page.fill("[name=password]", PASSWORD)
    page.click("[type=submit]")
    page.wait_for_url("**/register/")
    assert shown(page) == WHOLE
    assert page.is_visible("[data-draft-notice]")
    page.wait_for_selector("#preview .grade-line")


def test_another_language_keeps_it_and_a_taken_form_forgets_it(desk: Browser) -> None:
    page = form_filled(desk)
    with page.expect_navigation():
        page.eval_on_selector(".languages button:not([aria-current])", "one => one.click()")
    assert shown(page) == WHOLE
    page.fill("[name=use_name_zh]", "草稿中的场景")
    page.click("button.primary[type=submit]")
    page.wait_for_url("**/models/**")
    page.goto(f"{desk.base}/register/")
    assert page.input_value("[name=name_zh]") == ""


def test_who_signs_out_leaves_nothing_behind(desk: Browser) -> None:
    page = form_filled(desk)
    page.eval_on_selector("form[action='/admin/logout/']", "one => one.submit()")
    page.wait_for_url("**/logout/")
    assert page.evaluate("sessionStorage.length") == 0
