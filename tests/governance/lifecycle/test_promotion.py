"""Moving a release: forward through its gate, back with a reason, or refused with a list."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection

from governance.approvals.models import Approval
from governance.lifecycle import queries
from governance.lifecycle import services as lifecycle
from governance.lifecycle.services import MOVERS
from governance.suspensions import services as suspensions
from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden, Stale
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.people.models import User
from registry.releases import services as releases
from registry.releases.models import ORDER, STAGES, Release
from tests import story
from tests.refusals import changes, footprint, refused
from tests.world import PEOPLE, person

NOON = dt.datetime(2026, 11, 23, 4, tzinfo=dt.UTC)
MOVED = {"registry_release": (0, 1), "registry_warrantuse": (1, 0), "registry_entry": (2, 0)}


def promote(release: Release, to: str, by: str = "wang", reason: str = "") -> Release:
    return lifecycle.promote(actor=person(by), release_id=release.pk, to=to, reason=reason)


def missing(release: Release, to: str) -> list[str]:
    fresh = Release.objects.get(pk=release.pk)
    return [item.requirement.key for item in queries.gate_of(fresh, to).missing]


def blocked(release: Release, to: str) -> list[str]:
    fresh = Release.objects.get(pk=release.pk)
    return [one.rule.id for one in queries.gate_of(fresh, to).blocked]


@pytest.mark.django_db
def test_a_closed_gate_lists_everything_and_nothing_is_written() -> None:
    release = story.register().release
    with refused(Conflict, "gate_closed") as caught:
        promote(release, "S1")
    told = caught.value.details["gate"]
    assert told["missing"] == ["grading_confirmed", "ethics_review"]
    assert told == queries.present(queries.gate_of(release, "S1"))
    assert caught.value.status == 409


@pytest.mark.django_db
def test_an_open_gate_lets_the_release_through_with_its_entries() -> None:
    told = story.register()
    story.hand_in(told.release, "ethics_review")
    story.confirm_grade(told)
    with clock.at(NOON):
        before = footprint()
        moved = promote(told.release, "S1")
    assert changes(before) == MOVED
    assert (moved.stage, moved.stage_since) == ("S1", NOON)
    granted, entered = Entry.objects.order_by("-seq")[:2][::-1]
    assert [granted.kind, entered.kind] == ["lifecycle.move_granted", "release.moved"]
    assert '"facts":{"to":"S1","was":"S0"}' in entered.body
    connection.check_constraints()


@pytest.mark.django_db
def test_each_thing_that_is_handed_in_leaves_the_list() -> None:
    told = story.register()
    story.confirm_grade(told)
    assert missing(told.release, "S1") == ["ethics_review"]
    story.hand_in(told.release, "ethics_review")
    assert missing(told.release, "S1") == []
    assert missing(told.release, "S2") == list(story.S1_DOCUMENTS)


@pytest.mark.django_db
@pytest.mark.parametrize("where", ["release", "version", "use", "use_case", "model"])
def test_a_document_counts_wherever_it_belongs(where: str) -> None:
    told = story.register()
    story.confirm_grade(told)
    subject = {
        "release": told.release,
        "version": told.version,
        "use": told.registered.use,
        "use_case": told.registered.use_case,
        "model": told.registered.model,
    }[where]
    story.hand_in(subject, "ethics_review")
    assert missing(told.release, "S1") == []


@pytest.mark.django_db
def test_a_document_of_another_model_does_not_count() -> None:
    told = story.register()
    story.confirm_grade(told)
    story.hand_in(story.register(name="另一个模型").release, "ethics_review")
    assert missing(told.release, "S1") == ["ethics_review"]


@pytest.mark.django_db
@pytest.mark.parametrize("to", sorted(set(ORDER) - set(STAGES.targets("S0"))))
def test_a_move_that_does_not_exist_is_refused(to: str) -> None:
    release = story.register().release
    code = ("not_a_mover", Forbidden) if to == "S0" else ("illegal_transition", Conflict)
    with refused(code[1], code[0]):
        promote(release, to, "chen")


@pytest.mark.django_db
@pytest.mark.parametrize("to", ["S1", "S2", "S3", "S4", "S5", "S8"])
def test_only_its_movers_move_a_release_into_a_stage(to: str) -> None:
    release = story.register().release
    for username, (_, roles, _) in PEOPLE.items():
        if not set(roles) & set(MOVERS[to]):
            with refused(Forbidden, "not_a_mover"):
                promote(release, to, username)
    for username in ("admin", "pipeline"):
        with refused(Forbidden, "not_a_mover"):
            promote(release, to, username)


@pytest.mark.django_db
def test_no_owner_moves_a_release_into_production() -> None:
    release = story.register().release
    with refused(Forbidden, "not_a_mover"):
        promote(release, "S5", "wang")


@pytest.mark.django_db
def test_a_superuser_moves_nothing() -> None:
    release = story.register().release
    root = User(username="root", name="技术管理员", is_superuser=True, password="!")
    with ledger.act(person("admin")) as act:
        act.create(root, "person.enrolled")
    with refused(Forbidden, "not_a_mover"):
        promote(release, "S1", "root")


@pytest.mark.django_db
def test_an_owner_of_a_branch_does_not_move_a_release_of_head_office() -> None:
    release = story.register().release
    with refused(Forbidden, "not_a_mover"):
        promote(release, "S1", "hai")


@pytest.mark.django_db
def test_whoever_moves_names_the_row_version_they_saw() -> None:
    told = story.register()
    story.hand_in(told.release, "ethics_review")
    story.confirm_grade(told)
    seen = told.release.row_version
    with refused(Stale, "stale"):
        lifecycle.promote(
            actor=person("wang"), release_id=told.release.pk, to="S1", expected_version=seen - 1
        )
    lifecycle.promote(
        actor=person("wang"), release_id=told.release.pk, to="S1", expected_version=seen
    )


# --- back


@pytest.mark.django_db
def test_back_goes_whoever_says_why_and_no_gate_is_asked() -> None:
    told = story.to_validation(story.register())
    for reason in ("", "   ", " 短 "):
        with refused(DomainError, "reason_needed"):
            promote(told.release, "S1", reason=reason)
    before = footprint()
    assert promote(told.release, "S1", reason="数据需要补充").stage == "S1"
    assert changes(before) == MOVED
    entry = Entry.objects.filter(kind="lifecycle.move_granted").order_by("-seq")[0]
    assert '"facts":{"from":"S2","reason":"数据需要补充","to":"S1"}' in entry.body


def test_leaving_s3_backwards_takes_the_open_approval_back(approval: Approval) -> None:
    before = footprint()
    promote(approval.release, "S2", reason="数据需要补充")
    assert changes(before) == {
        "registry_release": (0, 1),
        "registry_warrantuse": (1, 0),
        "governance_approval": (0, 1),
        "governance_step": (0, 2),
        "registry_entry": (5, 0),
    }
    approval.refresh_from_db()
    assert (approval.state, approval.outcome_reason) == ("withdrawn", "moved_back")


# --- S3 to S5


def test_without_approval_there_is_no_pilot(approval: Approval) -> None:
    with refused(Conflict, "gate_closed") as caught:
        promote(approval.release, "S4")
    told = caught.value.details["gate"]
    assert told["missing"] == ["approval"]
    assert [one["id"] for one in told["blocked_by"]] == ["BR-05"]


def test_with_its_approval_the_release_goes_into_pilot(approval: Approval) -> None:
    story.approve(approval)
    assert promote(approval.release, "S4").stage == "S4"
    connection.check_constraints()


def test_after_a_material_change_an_approval_no_longer_opens_the_gate(approval: Approval) -> None:
    story.approve(approval)
    assert missing(approval.release, "S4") == []
    story.hand_in(approval.release, "fairness_report")
    gate = queries.gate_of(Release.objects.get(), "S4")
    (item,) = gate.missing
    assert (item.requirement.key, item.why_en) == ("approval", "It has changed materially since")


def test_an_immaterial_document_leaves_the_approval_as_it_is(approval: Approval) -> None:
    story.approve(approval)
    story.hand_in(approval.release, "other", "pilot_plan")
    assert missing(approval.release, "S4") == []


@pytest.mark.parametrize(
    ("name", "day", "why"),
    [
        ("on its last day", dt.date(2028, 5, 23), []),
        ("the day after", dt.date(2028, 5, 24), ["The approval has expired"]),
    ],
)
def test_an_approval_expires(name: str, day: dt.date, why: list[str], approval: Approval) -> None:
    with clock.at(NOON):
        story.approve(approval)
    with clock.at(dt.datetime.combine(day, dt.time(1), dt.UTC)):
        gate = queries.gate_of(Release.objects.get(), "S4")
    found = [item.why_en for item in gate.missing if item.requirement.key == "approval"]
    assert found == why


def test_a_document_that_lapses_is_asked_for_again_and_changes_nothing_else(
    approval: Approval,
) -> None:
    with clock.at(NOON):
        story.approve(approval)
    with clock.at(NOON + dt.timedelta(days=400)):
        assert missing(approval.release, "S4") == ["data_security_assessment", "operator_training"]
        assert blocked(approval.release, "S4") == ["BR-11", "BR-12"]  # revalidation is due too


def test_time_alone_voids_no_open_approval(approval: Approval) -> None:
    with clock.at(clock.now() + dt.timedelta(days=400)):
        story.vote(approval, "sun")
    approval.refresh_from_db()
    assert approval.state == "open"


def in_pilot(approval: Approval) -> Release:
    """At S4 since noon and drilled, with everything but the time and the deployment."""
    with clock.at(NOON):
        story.approve(approval)
        release = promote(approval.release, "S4")
        story.drill(release)
        story.hand_in(release, *story.S4_DOCUMENTS, by="luo")
    return release


def deploy(release: Release, digest: str = "", days: int = 0) -> None:
    version = release.version
    assert version is not None
    releases.record_deployment(
        actor=person("luo"),
        release=release,
        environment="production",
        digest=digest or version.digest,
        deployed_at=NOON + dt.timedelta(days=days),
    )


@pytest.mark.parametrize(
    ("name", "days", "seconds", "found"),
    [
        ("thirteen days", 13, 86_399, ["pilot_length"]),
        ("fourteen days", 14, 0, []),
    ],
)
def test_a_pilot_of_tier_ii_lasts_fourteen_days(
    name: str, days: int, seconds: int, found: list[str], approval: Approval
) -> None:
    release = in_pilot(approval)
    deploy(release)
    with clock.at(NOON + dt.timedelta(days=days, seconds=seconds)):
        assert missing(release, "S5") == found


def test_into_production_goes_the_digest_that_was_approved(approval: Approval) -> None:
    release = in_pilot(approval)
    with clock.at(NOON + dt.timedelta(days=14)):
        assert (missing(release, "S5"), blocked(release, "S5")) == (["deployed_digest"], [])
        deploy(release, "e" * 64)
        assert (missing(release, "S5"), blocked(release, "S5")) == (["deployed_digest"], ["BR-09"])
        with refused(Conflict, "gate_closed"):
            promote(release, "S5", "luo")
    with clock.at(NOON + dt.timedelta(days=14)):
        deploy(release, days=14)
        assert promote(release, "S5", "luo").stage == "S5"
    connection.check_constraints()


def test_the_whole_story_leads_to_production_and_a_sound_ledger(approval: Approval) -> None:
    release = in_pilot(approval)
    deploy(release)
    with clock.at(NOON + dt.timedelta(days=14)):
        promote(release, "S5", "luo")
    connection.check_constraints()
    assert Release.objects.get().stage == "S5"
    assert [fault for fault in ledger.verify().faults if "anchor" not in fault] == []


def test_a_stop_is_seen_by_the_gate_at_once_and_its_lifting_too(approval: Approval) -> None:
    release = in_pilot(approval)
    deploy(release)
    with clock.at(NOON + dt.timedelta(days=14)):
        order = suspensions.order(
            actor=person("luo"),
            kind="stop",
            target_type="model",
            target_id=release.model_use.model_id,
            reason="误拒率异常",
        )
        with refused(Conflict, "gate_closed") as caught:
            promote(release, "S5", "luo")
        assert caught.value.details["gate"]["stopped_by"] == [str(order.pk)]
        for officer in ("chen", "gao"):
            suspensions.resume(
                actor=person(officer), order_id=order.pk, reason="数据源故障已修复并复测"
            )
        assert promote(release, "S5", "luo").stage == "S5"


# --- retirement


@pytest.mark.django_db
def test_a_release_retires_with_its_plan_and_stays_retired() -> None:
    release = story.register().release
    with refused(Conflict, "gate_closed") as caught:
        promote(release, "S8")
    assert caught.value.details["gate"]["missing"] == ["retirement_plan"]
    story.hand_in(release, "retirement_plan")
    assert promote(release, "S8").stage == "S8"
    for to in ("S1", "S2", "S3", "S4", "S5"):
        with refused(Conflict, "illegal_transition"):
            promote(release, to, "chen", reason="重新启用该模型")


# --- segregation seen by the gate


def test_a_validator_who_became_the_owner_blocks_everything_from_s3_on(approval: Approval) -> None:
    model = approval.release.model_use.model
    with ledger.act(person("admin")) as act:
        act.update(model, "model.handed_over", {"owner": person("zhao")})
    assert [blocked(approval.release, to) for to in ("S2", "S3", "S4", "S5")] == [
        [],
        ["BR-06"],
        ["BR-05", "BR-06"],
        ["BR-05", "BR-06", "BR-07"],
    ]


def test_a_voter_who_became_the_owner_blocks_too(approval: Approval) -> None:
    story.approve(approval)
    assert blocked(approval.release, "S4") == []
    with ledger.act(person("admin")) as act:
        act.update(approval.release.model_use.model, "model.handed_over", {"owner": person("lin")})
    assert blocked(approval.release, "S4") == ["BR-06"]
