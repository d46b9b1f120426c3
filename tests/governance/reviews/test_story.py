"""A tier I release's explainability review at the frozen clock: from its call through reminders,
escalation and restriction to the late answer and the lifting; in mailbox, ledger and browser.
"""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core import mail

from governance.lifecycle import queries as lifecycle
from governance.reviews import services
from governance.reviews.services import Explained
from governance.suspensions import services as suspensions
from governance.suspensions.models import Order
from registry.core.calendars import queries as calendars
from registry.core.dispatch import services as dispatch
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.notices import services as notices
from registry.core.notices.models import Notice
from registry.evidence import services as evidence
from registry.releases.models import Release
from tests.governance.desk.test_what_is_shown import browser
from tests.governance.reviews.doing import carry_out, on, regrade, report, rungs, sweep, waiting
from tests.world import person

WORDS = "已按方案完成,详见附件。"


@pytest.fixture(autouse=True)
def mailboxes(live: Release, settings: Any) -> None:
    """Everybody of the story has an address."""
    use_mailboxes(settings)


def use_mailboxes(settings: Any) -> None:
    """Everybody of the story has an address; mails stay in the process."""
    settings.EMAIL_IS_CONFIGURED = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.PUBLIC_URL = "https://models.bank.example"
    for username in ("wang", "chen", "zhao", "xu", "ma", "sun", "gao", "mi", "shen"):
        with ledger.act(person("admin")) as act:
            changes = {"email": f"{username}@bank.example"}
            act.update(person(username), "person.enrolled", changes)


def a_day(day: str) -> None:
    """What a worker does in the course of a day: sweep, react, write to people."""
    with on(day) as today:
        sweep()
        dispatch.run()
        notices.deliver(is_working_day=calendars.working_days("CN").holds(today))


def mails(username: str) -> list[str]:
    """The texts of the mails that the person has had."""
    return [str(one.body) for one in mail.outbox if one.to == [f"{username}@bank.example"]]


def lines_about(username: str, path: str) -> int:
    """How often the person's mails lead to the page."""
    return sum(text.count(f"https://models.bank.example{path}") for text in mails(username))


def page(username: str, path: str, day: str) -> str:
    with on(day):
        response = browser(username, "zh-hans").get(path)
    assert response.status_code == 200
    return str(response.content.decode())


def inbox(username: str) -> list[str]:
    rows = Notice.objects.filter(user__username=username, kind__startswith="review.")
    return list(rows.order_by("sent_at", "kind").values_list("kind", flat=True))


def blocked_on(day: str, release: Release) -> set[str]:
    with on(day):
        return {one.rule.id for one in lifecycle.gate_of(release, "S5").blocked}


def test_from_the_plan_through_restriction_to_the_lifting(live: Release) -> None:
    regrade(live, "I")
    dispatch.run()
    with on("2026-02-01"):
        row = services.call_for(
            actor=person("chen"), release_id=live.pk, kind="PR-03", trigger="complaint",
            reason="客户投诉拒贷理由难以理解。",
        )  # fmt: skip
    package = row.package  # due on 3 March
    assert package.place == "I"
    for day in ("2026-02-10", "2026-03-09"):  # what is due every month is done in time
        with on(day):
            carry_out(waiting(live, "PR-02"), "wang", "chen")
    with on("2026-02-10"):  # and the re-tiering that the raised tier has called for
        carry_out(waiting(live, "PR-10"), "chen", "sun")
    path = f"/reviews/{package.pk}/"
    dispatch.run()
    told = Notice.objects.filter(kind="review.called_for", link=path)
    assert sorted(told.values_list("user__username", flat=True)) == ["chen", "zhao", "zhou"]

    # Reminders: the owner at once, the leads two weeks before, the department a week before.
    for day in ("2026-02-01", "2026-02-17", "2026-02-24", "2026-03-02"):
        a_day(day)
    # The first day is a Sunday and the second a holiday: those lines come with the next mail.
    assert len(mails("wang")) == 2
    found = [lines_about(one, path) for one in ("wang", "zhao", "xu", "ma")]
    assert found == [4, 4, 2, 0]
    assert "明天到期" in mails("wang")[-1]
    assert rungs(package) == ["task", "two_weeks", "one_week", "tomorrow"]
    assert inbox("wang")[-1] == "review.tomorrow"
    assert "review.one_week" in inbox("xu")
    assert "可解释性审查" in page("zhao", path, "2026-03-02")

    # Nobody answers: escalation, new uses blocked, the restriction announced, then drawn.
    for day in ("2026-03-04", "2026-03-10", "2026-03-12"):
        a_day(day)
    assert rungs(package)[4:] == ["overdue", "new_uses_blocked", "restriction_announced"]
    assert "review.overdue" in inbox("ma")
    drawn = Order.objects.filter(reason=f"BR-11: {package.code}")
    assert not drawn.exists()
    for day in ("2026-03-13", "2026-03-16", "2026-03-17", "2026-03-18"):
        a_day(day)
    order = drawn.get()
    assert (order.kind, order.reason, order.state) == (
        "restrict", f"BR-11: {package.code}", "in_force",
    )  # fmt: skip
    assert "BR-11" in blocked_on("2026-03-18", live)
    kinds = (
        Entry.objects.filter(subject_id=package.pk).order_by("seq").values_list("kind", flat=True)
    )
    assert list(kinds) == [
        "package.opened", "package.new_uses_blocked", "package.restriction_announced",
        "package.restriction_due",
    ]  # fmt: skip
    assert "review.restriction" in inbox("gao")
    for username in ("wang", "chen", "zhao", "xu", "ma", "sun", "gao"):
        lines = Notice.objects.filter(user__username=username, link=path).count()
        assert lines_about(username, path) == lines, username  # each line in one mail, once

    # Late, but done: explained, handed in, signed off; the package closes.
    with on("2026-03-20"):
        document = evidence.hand_in(
            actor=person("chen"), subject=package, kind="explanation_data", title="SHAP",
            file_name="shap.csv", content=io.BytesIO(b"feature,importance\nincome,5\nage,3\n"),
        )  # fmt: skip
        services.explain(
            actor=person("chen"), review_id=row.pk, document_id=document.pk,
            told=Explained("shap", "E2", WORDS, WORDS, WORDS, WORDS, WORDS),
        )  # fmt: skip
        services.submit(actor=person("chen"), review_id=row.pk, report=report(row))
        services.sign_off(actor=person("sun"), review_id=row.pk)
        dispatch.run()
        notices.deliver(is_working_day=True)
    assert "可以解除限制" in mails("chen")[-1]
    live.refresh_from_db()
    assert live.explainability_level == "E2"
    assert "review.restriction_can_end" in inbox("chen")
    assert "BR-11" not in blocked_on("2026-03-20", live)
    assert waiting(live, "PR-03").package.due_on.isoformat() <= "2027-03-20"

    # A person lifts the restriction; the record is whole.
    with on("2026-03-23"):
        suspensions.resume(actor=person("chen"), order_id=order.pk, reason="检查已完成,等级 E2。")
    order.refresh_from_db()
    assert (order.state, order.lifted_by) == ("lifted", person("chen"))
    html = page("chen", f"/releases/{live.pk}/", "2026-03-23")
    assert "检查已签署" in html
    assert [fault for fault in ledger.verify().faults if "anchor" not in fault] == []
