"""A tier I release's explainability review in a browser, on its days: called for, reminded of,
escalated, restricted for, answered late, lifted; mailbox and ledger beside the pages.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from governance.reviews import queries
from governance.reviews.models import Package, Review
from governance.suspensions.models import Order
from registry.core.dispatch import services as dispatch
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.releases.models import Release
from tests.browser.conftest import Browser, press, serving, submit
from tests.governance.reviews.conftest import live_committed
from tests.governance.reviews.doing import carry_out, on, regrade, rungs, waiting
from tests.governance.reviews.test_story import WORDS, a_day, lines_about, mails, use_mailboxes
from tests.world import person

__all__ = ["live_committed"]  # fixtures
SHAP = b"feature,importance\nincome,5\nage,3\n"
EXPLAINED = {
    "method": "shap", "scope": WORDS, "local_results": WORDS, "customer_test": WORDS,
    "limits": WORDS, "level": "E2", "decision": WORDS,
}  # fmt: skip
Days = Callable[[str], Any]


@pytest.fixture
def clock_file(tmp_path: Path) -> Path:
    """Where the server reads which moment it is."""
    path = tmp_path / "now"
    path.write_text("2026-02-01T04:00:00+00:00", encoding="utf-8")
    return path


@pytest.fixture
def site(live_committed: str, clock_file: Path) -> Iterator[str]:
    """Gunicorn on the database with the live release, at the test's moment."""
    with serving(live_committed, MINGCE_TEST_CLOCK_FILE=str(clock_file)) as address:
        yield address


@pytest.fixture
def day(clock_file: Path) -> Days:
    """It is noon of that day, for the test and for the server."""

    @contextmanager
    def noon(text: str) -> Iterator[dt.date]:
        clock_file.write_text(f"{text}T04:00:00+00:00", encoding="utf-8")
        with on(text) as today:
            yield today

    return noon


@pytest.mark.parametrize("desk", ["en"], indirect=True)  # the other journeys run in Chinese too
def test_a_review_that_nobody_answers_restricts_until_it_is_done(
    desk: Browser, day: Days, settings: Any
) -> None:
    use_mailboxes(settings)
    release = Release.objects.select_related("model_use__model").get()
    package = called_for(desk, day, release)
    path = f"/reviews/{package.pk}/"
    reminded(desk, day, package, path)
    order = restricted(desk, day, package, path)
    answered_late(desk, day, release, package)
    lifted(desk, day, release, order)
    connections.close_all()


def called_for(desk: Browser, day: Days, release: Release) -> Package:
    """Model risk calls for the review after a complaint; what is due every month is done."""
    with day("2026-02-01"):
        regrade(release, "I")
        dispatch.run()
        press(desk, "chen", "call-for-review", release.pk, {
            "kind": "PR-03", "trigger": "complaint", "reason": "客户投诉拒贷理由难以理解。",
        })  # fmt: skip
        dispatch.run()
    for when, kind, by, signer in (
        ("2026-02-10", "PR-02", "wang", "chen"), ("2026-02-10", "PR-10", "chen", "sun"),
        ("2026-03-09", "PR-02", "wang", "chen"),
    ):  # fmt: skip
        with day(when):
            carry_out(waiting(release, kind), by, signer)
    return waiting(release, "PR-03").package


def reminded(desk: Browser, day: Days, package: Package, path: str) -> None:
    """The validator finds it on the desk; the owner has had a mail for each step."""
    for when in ("2026-02-01", "2026-02-17", "2026-02-24", "2026-03-02"):
        with day(when):
            a_day(when)
    assert rungs(package) == ["task", "two_weeks", "one_week", "tomorrow"]
    assert [lines_about(one, path) for one in ("wang", "zhao", "xu", "ma")] == [4, 4, 2, 0]
    with day("2026-03-02"):
        page = desk.window("zhao")
        page.goto(f"{desk.base}/admin/")
        desk.shot(page, "review-desk")
        page.click(f".heaps a[href^='{path}']")
        assert page.locator("a[href^='/do/submit-review/']").count() == 1
        desk.shot(page, "review-reminded")


def restricted(desk: Browser, day: Days, package: Package, path: str) -> Order:
    """Nobody answers: the department and the executive are told, then the release is restricted."""
    for when in ("2026-03-04", "2026-03-10", "2026-03-12"):
        with day(when):
            a_day(when)
    assert rungs(package)[4:] == ["overdue", "new_uses_blocked", "restriction_announced"]
    with day("2026-03-12"):
        page = desk.window("gao")
        page.goto(f"{desk.base}{path}")
        assert "2026-03-17" in page.inner_text("main.mingce")
        desk.shot(page, "review-announced")
    for when in ("2026-03-13", "2026-03-16", "2026-03-17", "2026-03-18"):
        with day(when):
            a_day(when)
    order = Order.objects.get(reason=f"BR-11: {package.code}")
    with day("2026-03-18"):
        page = desk.window("wang", width=390)
        page.goto(f"{desk.base}/releases/{package.release_id}/")
        page.locator(".notice-box.bad", has_text="BR-11").first.wait_for()
        desk.shot(page, "review-restricted")
    kinds = Entry.objects.filter(subject_id=package.pk).order_by("seq")
    assert list(kinds.values_list("kind", flat=True)) == [
        "package.opened", "package.new_uses_blocked", "package.restriction_announced",
        "package.restriction_due",
    ]  # fmt: skip
    return order


def answered_late(desk: Browser, day: Days, release: Release, package: Package) -> None:
    """Explained from a file, carried out line by line, signed off by another person."""
    row = Review.objects.get(package=package, kind="PR-03")
    kind = queries.section_of(row.pack).kind("PR-03")
    assert kind is not None
    with day("2026-03-20"):
        page = desk.window("chen")
        page.goto(f"{desk.base}/do/explain-review/{row.pk}/")
        page.set_input_files(
            "[name=file]", {"name": "shap.csv", "mimeType": "text/csv", "buffer": SHAP}
        )
        for name, value in EXPLAINED.items():
            field = page.locator(f"[name={name}]")
            is_choice = field.evaluate("field => field.tagName") == "SELECT"
            field.select_option(value) if is_choice else field.fill(value)
        submit(page)
        desk.shot(page, "review-explained")
        page.goto(f"{desk.base}/do/submit-review/{row.pk}/")
        for box in page.query_selector_all("main form.desk-form textarea"):
            box.fill("已逐项核对,符合要求。")
        page.select_option("[name=outcome]", "in_order")
        submit(page)
        press(desk, "sun", "sign-off-review", row.pk, {})
        dispatch.run()
        a_day("2026-03-20")
    release.refresh_from_db()
    assert release.explainability_level == "E2"
    assert any("可以解除限制" in text for text in mails("chen"))


def lifted(desk: Browser, day: Days, release: Release, order: Order) -> None:
    """A person lifts the restriction; the page tells the story and the record is whole."""
    with day("2026-03-23"):
        press(desk, "chen", "resume", order.pk, {"reason": "检查已完成,等级 E2。"})
        order.refresh_from_db()
        assert (order.state, order.lifted_by) == ("lifted", person("chen"))
        page = desk.window("chen")
        page.goto(f"{desk.base}/releases/{release.pk}/")
        assert "E2" in page.inner_text("main.mingce")
        assert page.locator(".notice-box.bad", has_text="BR-11").count() == 0
        desk.shot(page, "review-lifted")
    assert [fault for fault in ledger.verify().faults if "anchor" not in fault] == []
