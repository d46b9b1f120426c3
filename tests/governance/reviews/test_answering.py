"""Carrying reviews out: who may, who may not, what stands afterwards, what a refusal leaves."""

from __future__ import annotations

import datetime as dt
import io

import pytest

from governance.lifecycle import services as lifecycle
from governance.reviews import queries, services
from governance.reviews.models import Package, Review
from registry.core import clock
from registry.core.dispatch import services as dispatch
from registry.core.errors import Conflict, DomainError, Forbidden, SegregationRefused
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.people import services as people
from registry.core.people.models import LegalEntity
from registry.core.people.queries import system
from registry.core.people.rules import Role
from registry.evidence import queries as evidence_queries
from registry.evidence import services as evidence
from registry.releases.models import Release
from tests.governance.reviews.doing import also, carry_out, due, on, report, waiting
from tests.refusals import refused, refused_by_database
from tests.world import person

REASON = "理由充分,已核对全部材料。"


def submit(release: Release, kind: str, by: str) -> Review:
    row = waiting(release, kind)
    return services.submit(actor=person(by), review_id=row.pk, report=report(row))


# Carrying out


def test_a_submitted_review_holds_what_was_found_and_stands_in_the_ledger(live: Release) -> None:
    row = submit(live, "PR-02", "li")
    entry = Entry.objects.latest("seq")
    assert (row.state, row.submitted_by, row.outcome) == ("submitted", person("li"), "in_order")
    assert (entry.kind, entry.subject_id, entry.actor) == (
        "review.submitted", row.pk, person("li").pk,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "by"),
    [
        ("PR-02", "chen"),  # performance is the first line's
        ("PR-02", "other"),  # the owner of another model
        ("PR-01", "wang"),
        ("PR-03", "li"),
        ("PR-09", "he"),
        ("PR-11", "chen"),  # an audit is the auditors'
    ],
)
def test_a_review_is_carried_out_by_those_whose_it_is(live: Release, kind: str, by: str) -> None:
    row = waiting(live, kind)
    with refused(Forbidden, "not_yours_to_review"):
        services.submit(actor=person(by), review_id=row.pk, report=report(row))


def test_whoever_reads_only_carries_nothing_out(live: Release) -> None:
    row = waiting(live, "PR-11")
    with refused(Forbidden, "not_permitted"):
        services.submit(actor=person("jian"), review_id=row.pk, report=report(row))


def test_an_independent_review_is_not_the_owners_whatever_else_they_hold(live: Release) -> None:
    also("wang", Role.MODEL_RISK)
    also("li", Role.VALIDATOR)
    for by, kind in (("wang", "PR-06"), ("li", "PR-01")):
        row = waiting(live, kind)
        with refused(SegregationRefused, "interested_person"):
            services.submit(actor=person(by), review_id=row.pk, report=report(row))


def test_a_role_in_a_branch_carries_nothing_out_at_head_office(live: Release) -> None:
    branch = LegalEntity.objects.get(code="SH")
    for role in (Role.MODEL_RISK, Role.VALIDATOR):
        people.assign_role(actor=person("admin"), user=person("hai"), role=role, entity=branch)
    row = waiting(live, "PR-06")
    with refused(Forbidden, "entity_out_of_reach"):
        services.submit(actor=person("hai"), review_id=row.pk, report=report(row))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"outcome": "perfect"}, "unknown_outcome"),
        ({"summary": "好"}, "text_needed"),
        ({"checklist": {"performance": "好"}}, "check_missing"),
        ({"checklist": {"weather": "好"}}, "unknown_check"),
    ],
)
def test_a_report_is_whole(live: Release, change: dict[str, object], code: str) -> None:
    row = waiting(live, "PR-02")
    told = services.Report(**(vars(report(row)) | change))
    with refused(DomainError, code):
        services.submit(actor=person("wang"), review_id=row.pk, report=told)


# Signing off


def test_another_person_signs_and_the_next_review_waits(live: Release) -> None:
    with on("2026-04-01"):
        row = carry_out(waiting(live, "PR-02"), "wang", "chen")
        assert (row.state, row.signed_off_by, row.done_on) == (
            "signed_off", person("chen"), dt.date(2026, 4, 1),
        )  # fmt: skip
        assert due(live)["PR-02"] == "2026-07-01"
        with refused(Conflict, "illegal_transition"):
            services.sign_off(actor=person("sun"), review_id=row.pk)


@pytest.mark.parametrize(
    ("kind", "by", "signer", "code"),
    [
        ("PR-06", "chen", "chen", "own_signature"),
        ("PR-02", "li", "wang", "interested_person"),
        ("PR-02", "wang", "zhao", "interested_person"),  # has validated it
    ],
)
def test_who_did_it_or_is_interested_does_not_sign(
    live: Release, kind: str, by: str, signer: str, code: str
) -> None:
    for username in ("wang", "zhao"):
        also(username, Role.MODEL_RISK)
    row = submit(live, kind, by)
    with refused(SegregationRefused, code):
        services.sign_off(actor=person(signer), review_id=row.pk)


def test_a_signature_is_of_a_role_that_signs_this_kind(live: Release) -> None:
    row = submit(live, "PR-06", "chen")
    with refused(Forbidden, "not_yours_to_sign"):
        services.sign_off(actor=person("he"), review_id=row.pk)


def test_the_database_keeps_the_interested_from_signing(live: Release) -> None:
    row = submit(live, "PR-02", "li")
    for signer in ("wang", "zhao", "pipeline"):
        with refused_by_database("MC013"), ledger.act(person("chen")) as act:
            row.refresh_from_db()
            act.update(row, "review.signed_off", {
                "state": "signed_off", "signed_off_by": person(signer), "done_on": clock.today(),
            })  # fmt: skip


def test_what_was_handed_back_waits_again_with_its_date(live: Release) -> None:
    row = submit(live, "PR-02", "wang")
    day = row.package.due_on
    services.hand_back(actor=person("chen"), review_id=row.pk, note="缺少稳定性数据。")
    again = waiting(live, "PR-02")
    assert (again.pk, again.state, again.returned_note, again.package.due_on) == (
        row.pk, "planned", "缺少稳定性数据。", day,
    )  # fmt: skip


# Called for, recorded


def test_a_review_that_is_called_for_replaces_the_planned_one(live: Release) -> None:
    planned = waiting(live, "PR-03")
    row = services.call_for(
        actor=person("chen"), release_id=live.pk, kind="PR-03", trigger="complaint",
        reason="客户投诉解释难以理解。",
    )  # fmt: skip
    planned.refresh_from_db()
    assert (planned.state, row.package.due_on) == ("cancelled", dt.date(2026, 2, 11))
    with refused(Conflict, "review_waits"):
        services.call_for(
            actor=person("sun"), release_id=live.pk, kind="PR-03", trigger="complaint",
            reason=REASON,
        )  # fmt: skip
    services.plan_release(actor=system(), release_id=live.pk)
    assert waiting(live, "PR-03") == row  # planning leaves it alone


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"kind": "PR-99"}, "unknown_kind"),
        ({"kind": "PR-16"}, "unknown_kind"),  # the institution's
        ({"trigger": "weather"}, "unknown_trigger"),
        ({"trigger": "calendar"}, "unknown_trigger"),
        ({"reason": "急"}, "text_needed"),
        ({"due_on": dt.date(2026, 1, 1)}, "due_on_out_of_range"),
        ({"due_on": dt.date(2028, 1, 1)}, "due_on_out_of_range"),
    ],
)
def test_a_call_says_what_why_and_by_when(
    live: Release, change: dict[str, object], code: str
) -> None:
    told = {"kind": "PR-03", "trigger": "complaint", "reason": REASON} | change
    with refused(DomainError, code):
        services.call_for(actor=person("chen"), release_id=live.pk, **told)  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize("day", ["1999-12-31", "2026-01-13"])
def test_an_earlier_review_lies_behind(live: Release, day: str) -> None:
    with refused(DomainError, "not_past"):
        services.record_past(
            actor=person("sun"), release_id=live.pk, kind="PR-01",
            done_on=dt.date.fromisoformat(day), summary=REASON,
        )  # fmt: skip


def test_the_owner_records_no_earlier_review(live: Release) -> None:
    also("wang", Role.COMPLIANCE)
    with refused(SegregationRefused, "interested_person"):
        services.record_past(
            actor=person("wang"), release_id=live.pk, kind="PR-01", done_on=dt.date(2025, 9, 1),
            summary=REASON,
        )  # fmt: skip


# Deferrals and assignments


def package(live: Release) -> Package:
    return Package.objects.get(release=live, due_on="2026-04-12")


def test_effects_are_deferred_once_with_a_day_and_a_reason(live: Release) -> None:
    row = package(live)
    for until in ("2026-01-12", "2026-05-13"):
        with refused(DomainError, "defer_days"):
            services.defer(
                actor=person("gao"), package_id=row.pk, until=dt.date.fromisoformat(until),
                reason=REASON,
            )  # fmt: skip
    services.defer(
        actor=person("gao"), package_id=row.pk, until=dt.date(2026, 5, 12), reason=REASON
    )
    with refused(Conflict, "deferred_already"):
        services.defer(
            actor=person("sun"), package_id=row.pk, until=dt.date(2026, 5, 12), reason=REASON
        )


def test_nobody_defers_for_an_own_model(live: Release) -> None:
    also("wang", Role.MODEL_RISK_HEAD)
    with refused(SegregationRefused, "interested_person"):
        services.defer(
            actor=person("wang"), package_id=package(live).pk, until=dt.date(2026, 5, 1),
            reason=REASON,
        )  # fmt: skip


def test_packages_are_reassigned_together_or_not_at_all(live: Release) -> None:
    rows = list(Package.objects.filter(release=live, due_on__in=["2026-07-12", "2027-01-12"]))
    services.reassign(
        actor=person("sun"), package_ids=[row.pk for row in rows], to=person("he"), reason=REASON
    )
    assert set(Package.objects.filter(assignee=person("he"))) == set(rows)
    with refused(Forbidden, "cannot_carry_out"):
        services.reassign(
            actor=person("sun"), package_ids=[*(row.pk for row in rows), package(live).pk],
            to=person("he"), reason=REASON,
        )  # fmt: skip


# What lies on whose desk


def test_what_waits_appears_with_the_first_rung_on_the_desks_of_those_whose_it_is(
    live: Release,
) -> None:
    with on("2026-02-25"):
        assert not queries.to_do(person("wang")).exists()
    with on("2026-02-26"):
        kinds = {one: kinds_of(one) for one in ("wang", "li", "other", "chen", "he")}
    assert kinds == {"wang": ["PR-02", "PR-15"], "li": ["PR-02"], "other": [], "chen": [], "he": []}


def kinds_of(username: str) -> list[str]:
    return sorted(queries.to_do(person(username)).values_list("kind", flat=True))


def test_an_assigned_package_lies_on_one_desk_and_the_rest_of_it_where_it_lay(
    live: Release,
) -> None:
    services.reassign(
        actor=person("sun"), package_ids=[package(live).pk], to=person("li"), reason=REASON
    )
    with on("2026-02-26"):
        assert kinds_of("li") == ["PR-02"]  # at once, and of what the person carries out
        assert kinds_of("wang") == ["PR-15"]  # which a developer does not carry out


def test_what_lay_with_somebody_who_has_left_lies_with_the_roles_again(live: Release) -> None:
    services.reassign(
        actor=person("sun"), package_ids=[package(live).pk], to=person("li"), reason=REASON
    )
    people.deactivate(actor=person("admin"), user_id=person("li").pk, reason="已经离职。")
    with on("2026-02-26"):
        assert kinds_of("wang") == ["PR-02", "PR-15"]


def test_who_signs_sees_what_waits_for_a_signature_but_nothing_of_their_own(
    live: Release,
) -> None:
    submit(live, "PR-02", "wang")
    submit(live, "PR-06", "chen")
    found = {
        one: sorted(queries.to_sign(person(one)).values_list("kind", flat=True))
        for one in ("chen", "sun", "qian", "wang", "jian")
    }
    assert found == {
        "chen": ["PR-02"], "sun": ["PR-02", "PR-06"], "qian": ["PR-06"], "wang": [], "jian": [],
    }  # fmt: skip


def test_papers_belong_to_the_package(live: Release) -> None:
    row = package(live)
    paper = evidence.hand_in(
        actor=person("li"), subject=row, kind="stability_report", title="稳定性报告",
        file_name="psi.md", content=io.BytesIO(b"# PSI"),
    )  # fmt: skip
    assert list(evidence_queries.visible_to(person("chen")).filter(subject_id=row.pk)) == [paper]


def test_a_handed_over_model_calls_for_its_recertification(live: Release) -> None:
    lifecycle.hand_over(
        actor=person("wang"), model_id=live.model_use.model_id, owner=person("other"),
        reason=REASON,
    )  # fmt: skip
    dispatch.run()
    triggered = Review.objects.filter(release=live, trigger="owner_changed", state="planned")
    assert sorted(triggered.values_list("kind", flat=True)) == ["PR-14", "PR-15"]
