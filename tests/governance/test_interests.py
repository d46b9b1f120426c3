"""Interest outlasts ownership, the newest decision counts, nobody is barred by another's word."""

from __future__ import annotations

import datetime as dt

import pytest

from governance.approvals import services as approvals
from governance.approvals.models import Approval, Condition
from governance.committees import queries as committees
from governance.committees import services as seats
from governance.committees.models import Committee
from governance.findings import services as findings
from governance.lifecycle import queries as lifecycle_queries
from governance.lifecycle import services as lifecycle
from governance.suspensions import services as suspensions
from governance.validations import services as validations
from governance.validations.models import Validation
from registry.catalogue import services as catalogue
from registry.catalogue.services import NewVersion
from registry.classification import queries as classification_queries
from registry.classification import services as classification
from registry.classification.models import Grade
from registry.core import clock
from registry.core.errors import Conflict, DomainError, SegregationRefused
from registry.core.people import services as people
from registry.core.people.models import RoleAssignment, User
from registry.core.people.rules import Role
from registry.registration import services as registration
from registry.releases.models import Release
from registry.usecases import services as uses
from registry.usecases.services import NewUseCase
from tests import story
from tests.refusals import refused
from tests.story import PLAIN, vote
from tests.world import head_office, person

REASON = "理由充分,已核对全部材料。"
REFUSAL = {"registry_entry": (1, 0)}


def also(username: str, role: Role) -> None:
    people.assign_role(
        actor=person("admin"), user=person(username), role=role, entity=head_office(),
        valid_from=dt.date(2020, 1, 1),
    )  # fmt: skip


def hand_over(told: story.Story, to: str, by: str = "wang") -> None:
    lifecycle.hand_over(
        actor=person(by), model_id=told.registered.model.pk, owner=person(to), reason=REASON
    )


# The newest decision counts


def again(approval: Approval) -> Approval:
    """The approved release goes back to S3 and asks for another approval, changed in between."""
    story.approve(approval)
    lifecycle.promote(actor=person("wang"), release_id=approval.release_id, to="S4")
    lifecycle.promote(
        actor=person("wang"), release_id=approval.release_id, to="S3", reason="重新审批"
    )
    return lifecycle.request_approval(actor=person("wang"), release_id=approval.release_id)


@pytest.mark.parametrize(("choice", "code"), [("reject", "rejected"), ("defer", "deferred")])
def test_a_release_that_was_refused_does_not_go_on_by_an_older_approval(
    approval: Approval, choice: str, code: str
) -> None:
    second = again(approval)
    for username in ("sun", "qian", "lin", "chen"):
        second.refresh_from_db()
        if second.state == "open":
            vote(second, username, choice, reason=REASON)
    second.refresh_from_db()
    assert second.state == code
    with refused(Conflict, "gate_closed") as caught:
        lifecycle.promote(actor=person("wang"), release_id=approval.release_id, to="S4")
    why = {
        one["key"]: one["why"]["zh"]
        for one in caught.value.details["gate"]["requirements"]
        if one["missing"]
    }
    release = Release.objects.get(pk=approval.release_id)
    if choice == "reject":  # the older approval has ended, in the database too
        assert (release.approved_digest, release.approved_until) == ("", None)
        assert why == {"approval": "尚未批准"}
    else:
        assert why == {"approval": f"最近一次审批({second.code})未获批准"}


def test_what_was_rejected_is_changed_before_anybody_asks_again(approval: Approval) -> None:
    vote(approval, "sun", "reject", reason=REASON)
    with refused(Conflict, "rejected_unchanged"):
        lifecycle.request_approval(actor=person("wang"), release_id=approval.release_id)
    story.hand_in(approval.release, "fairness_report")
    anew = lifecycle.request_approval(actor=person("wang"), release_id=approval.release_id)
    assert anew.state == "open"


@pytest.mark.django_db
def test_whoever_has_lost_the_role_since_the_ballot_froze_does_not_sign() -> None:
    approval = story.to_approval(story.register(PLAIN))
    role = RoleAssignment.objects.get(user=person("lin"))
    people.assign_role(
        actor=person("admin"), user=person("lin"), role=Role.DEPARTMENT_HEAD, entity=head_office()
    )
    people.end_role(
        actor=person("admin"), assignment_id=role.pk,
        valid_to=clock.today() - dt.timedelta(days=1),
    )  # fmt: skip
    with refused(SegregationRefused, "role_ended", leaving={"registry_stepup": (1, 0)}):
        vote(approval, "lin")


def test_an_unmet_condition_keeps_production_shut_from_its_day_on(approval: Approval) -> None:
    conditions = ({"text": "投产前完成偏差测试", "due_on": "2026-12-01"},)
    for username in ("qian", "lin"):
        vote(approval, username)
    vote(approval, "sun", "approve_with_conditions", reason=REASON, conditions=conditions)
    for username in ("gao", "sun", "qian", "he", "ma"):
        approval.refresh_from_db()
        if approval.state == "open":
            vote(approval, username)
    condition = Condition.objects.get()
    release = approval.release
    with clock.at(dt.datetime(2026, 11, 30, 4, tzinfo=dt.UTC)):
        ids = {one.rule.id for one in lifecycle_queries.gate_of(release, "S5").blocked}
        assert "BR-12" not in ids
    with clock.at(dt.datetime(2026, 12, 1, 4, tzinfo=dt.UTC)):
        ids = {one.rule.id for one in lifecycle_queries.gate_of(release, "S5").blocked}
        assert "BR-12" in ids
        approvals.meet_condition(actor=person("chen"), condition_id=condition.pk, note=REASON)
        ids = {one.rule.id for one in lifecycle_queries.gate_of(release, "S5").blocked}
        assert "BR-12" not in ids


# Interest outlasts ownership


@pytest.mark.django_db
def test_a_former_owner_decides_nothing_on_a_release_opened_in_their_time() -> None:
    also("wang", Role.LINE_RISK_OFFICER)
    also("wang", Role.MODEL_RISK)
    told = story.register(PLAIN)
    hand_over(told, "other")
    assert committees.is_barred(person("wang").pk, told.release)
    assert committees.is_interested(person("wang"), told.release)
    finding = findings.raise_finding(
        actor=person("chen"), release_id=told.release.pk, severity="critical", title="偏差"
    )
    with refused(SegregationRefused, "interested_person"):
        findings.close_finding(actor=person("wang"), finding_id=finding.pk, note=REASON)
    later = registration.open_release(
        actor=person("other"), use=told.release.model_use, version=None
    )
    assert committees.is_barred(person("wang").pk, later)  # still the use case's owner
    lifted = User.objects.get(pk=person("zhou").pk)
    assert not committees.is_barred(lifted.pk, later)


@pytest.mark.django_db
def test_a_former_owner_confirms_no_grade_of_a_use_from_their_time() -> None:
    also("wang", Role.MODEL_RISK_HEAD)
    told = story.register()
    hand_over(told, "other")
    grade = Grade.objects.get(model_use=told.release.model_use)
    with refused(SegregationRefused, "second_person"):
        classification.confirm(actor=person("wang"), grade_id=grade.pk, reason=REASON)
    classification.assess(
        actor=person("other"), use_id=told.release.model_use_id, inputs=story.inputs(PLAIN)
    )
    newer = Grade.objects.filter(model_use=told.release.model_use).latest("number")
    with refused(SegregationRefused, "interested_person"):
        approvals.confirm_grade(actor=person("wang"), grade_id=newer.pk, reason=REASON)


@pytest.mark.django_db
def test_a_model_is_handed_to_nobody_who_votes_on_it_or_does_not_reach_it() -> None:
    told = story.register()
    story.to_approval(told)
    also("lin", Role.OWNER)
    with refused(SegregationRefused, "interested_person"):
        hand_over(told, "lin")
    with refused(DomainError, "owner_out_of_reach"):
        hand_over(told, "hai")


# Nobody is barred by another's word


@pytest.mark.django_db
def test_only_developers_are_named_as_developers_and_who_registers_is_one() -> None:
    told = story.register()
    version = NewVersion(label="9.9", identity_kind="artifact", digest="9" * 64,
                         developers=(person("lin"),))  # fmt: skip
    with refused(DomainError, "not_a_developer"):
        catalogue.register_version(actor=person("li"), model=told.registered.model, version=version)
    also("zhou", Role.DEVELOPER)
    hidden = NewVersion(label="9.9", identity_kind="artifact", digest="9" * 64,
                        developers=(person("li"),))  # fmt: skip
    row = catalogue.register_version(
        actor=person("zhou"), model=told.registered.model, version=hidden
    )
    assert set(row.developers.values_list("user__username", flat=True)) == {"li", "zhou"}


@pytest.mark.django_db
def test_a_use_case_belongs_to_an_owner() -> None:
    card = NewUseCase(
        name_zh="某场景", purpose="用于某目的", entity=head_office(), owner=person("lin")
    )
    with refused(DomainError, "owner_role"):
        uses.open_use_case(actor=person("wang"), card=card)


@pytest.mark.django_db
@pytest.mark.parametrize("username", ["shen", "jian", "admin"])
def test_who_decides_nothing_sits_on_no_committee(username: str) -> None:
    with refused(DomainError, "seat_unfit"):
        seats.give_seat(
            actor=person("mi"), committee=Committee.objects.get(code="mrc"), user=person(username)
        )


@pytest.mark.django_db
def test_a_person_sits_once_on_a_committee_and_a_vacated_seat_stays_vacated() -> None:
    body = Committee.objects.get(code="mrc")
    with refused(Conflict, "seated_already"):
        seats.give_seat(actor=person("mi"), committee=body, user=person("chen"))
    seat = body.seats.get(user=person("chen"))
    seats.vacate_seat(actor=person("mi"), seat_id=seat.pk, valid_to=clock.today())
    with refused(Conflict, "only_shortens"):
        seats.vacate_seat(actor=person("mi"), seat_id=seat.pk, valid_to=dt.date.max)


# Own work, own model


def test_nobody_releases_an_own_model_into_production(approval: Approval) -> None:
    story.approve(approval)
    also("wang", Role.IT_OPERATIONS)
    release = approval.release
    lifecycle.promote(actor=person("wang"), release_id=release.pk, to="S4")
    with refused(SegregationRefused, "own_production"):
        lifecycle.promote(actor=person("wang"), release_id=release.pk, to="S5")


@pytest.mark.parametrize("kind", ["stop", "restrict"])
def test_nobody_resumes_an_own_model(approval: Approval, kind: str) -> None:
    also("wang", Role.MODEL_RISK_HEAD)
    also("li", Role.MODEL_RISK)
    order = suspensions.order(
        actor=person("gao"), kind=kind, target_type="model",
        target_id=approval.release.model_use.model_id, reason=REASON, limits="仅限存量",
    )  # fmt: skip
    for username in ("wang", "li"):
        with refused(SegregationRefused, "own_model"):
            suspensions.resume(actor=person(username), order_id=order.pk, reason=REASON)


def test_what_is_stopped_is_not_stopped_twice(approval: Approval) -> None:
    def stop() -> None:
        suspensions.order(
            actor=person("gao"), kind="stop", target_type="release",
            target_id=approval.release_id, reason=REASON,
        )  # fmt: skip

    stop()
    with refused(Conflict, "stopped_already"):
        stop()


# A validation that will not end


@pytest.fixture
def planned() -> Validation:
    told = story.to_validation(story.register())
    return validations.plan(
        actor=person("zhao"), release_id=told.release.pk, plan=REASON, scope=REASON,
        independence=REASON,
    )  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("by", ["zhao", "sun"])
def test_an_abandoned_validation_makes_room_for_another(planned: Validation, by: str) -> None:
    validations.abandon(actor=person(by), validation_id=planned.pk, reason=REASON)
    again = validations.plan(
        actor=person("zhou"), release_id=planned.release_id, plan=REASON, scope=REASON,
        independence=REASON,
    )  # fmt: skip
    assert again.state == "planned"
    with refused(Conflict, "illegal_transition"):
        validations.abandon(actor=person(by), validation_id=planned.pk, reason=REASON)


@pytest.mark.django_db
def test_others_abandon_no_validation(planned: Validation) -> None:
    for username in ("wang", "chen", "zhou"):
        with refused(SegregationRefused, "not_the_validator"):
            validations.abandon(actor=person(username), validation_id=planned.pk, reason=REASON)
    also("wang", Role.MODEL_RISK_HEAD)
    with refused(SegregationRefused, "interested_person"):
        validations.abandon(actor=person("wang"), validation_id=planned.pk, reason=REASON)


# A lower grade beside a higher one


@pytest.mark.django_db
def test_a_lowest_grade_beside_a_higher_use_needs_a_second_person() -> None:
    told = story.register()
    story.confirm_grade(told)
    card = NewUseCase(
        name_zh="第二场景", purpose="内部整理材料", entity=head_office(), owner=person("wang")
    )
    _use, _release, grade = registration.add_use(
        actor=person("wang"), model=told.registered.model, use_case=card,
        using_entity=head_office(), inputs=story.inputs(PLAIN),
    )  # fmt: skip
    assert (grade.tier, classification_queries.needs_confirmation(grade)) == ("IV", True)
