"""Routes and ballots of the shipped pack: every tier can be approved, by nobody who is barred."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection

from governance.approvals import services as approvals
from governance.approvals.models import Approval, BallotSeat
from governance.approvals.schema import Route
from governance.committees import services as committees
from governance.committees.models import Committee, Seat
from governance.lifecycle import queries
from governance.lifecycle import services as lifecycle
from governance.lifecycle.queries import papers
from governance.lifecycle.queries.facts import gather
from governance.lifecycle.rules import Facts
from registry.core import clock
from registry.core.errors import Conflict, Forbidden, SegregationRefused
from registry.core.ledger import services as ledger
from registry.core.people import services as people
from registry.core.people.models import RoleAssignment, User
from registry.core.people.rules import Role
from registry.core.policy import queries as policy
from registry.releases import services as releases
from registry.releases.models import Release
from tests import story
from tests.refusals import refused
from tests.world import head_office, person

NOON = dt.datetime(2026, 11, 23, 4, tzinfo=dt.UTC)
LATE = {"registry_stepup": (1, 0)}  # a proof of identity that was not spent
ROUTES = [
    ("I", "no", "tier_i", ["mrc", "rmc"], dt.date(2027, 11, 23)),
    ("I", "yes", "tier_i", ["mrc", "rmc"], dt.date(2027, 11, 23)),
    ("II", "no", "tier_ii", ["mrc"], dt.date(2028, 5, 23)),
    ("II", "to_assess", "tier_ii", ["mrc"], dt.date(2028, 5, 23)),
    ("II", "yes", "tier_ii_high_risk", ["mrc", "rmc"], dt.date(2028, 5, 23)),
    ("III", "no", "tier_iii", ["departments"], dt.date(2028, 11, 23)),
    ("III", "yes", "tier_iii_high_risk", ["departments", "rmc"], dt.date(2028, 11, 23)),
    ("IV", "no", "tier_iv", ["line"], dt.date(2029, 11, 23)),
    ("IV", "yes", "tier_iv_high_risk", ["line", "rmc"], dt.date(2029, 11, 23)),
]


def route(tier: str, high_risk: str | None) -> Route:
    readings: dict[str, object] = {"tier": tier}
    if high_risk is not None:
        readings["flag_nfra_high_risk"] = high_risk
    facts = Facts(tier=tier, stage="S3", readings=readings, named={}, documents=frozenset())
    return papers.route_for(papers.approvals_section(policy.active_pack()), facts)


def reopened(approval: Approval, by: Route) -> Approval:
    """The release of the open approval is before the ballot of this route instead."""
    approvals.withdraw(actor=person("wang"), approval_id=approval.pk, reason="换一种程序")
    with ledger.act(person("wang")):
        release = releases.lock(approval.release_id)
        return approvals.open_approval(
            actor=person("wang"),
            release=release,
            route=by,
            dossier={"route": by.key},
            steps=papers.ballots(by, release),
        )


def open_seats(approval: Approval) -> list[BallotSeat]:
    rows = BallotSeat.objects.filter(step__approval=approval, step__state="open", vote=None)
    return list(rows.order_by("name", "pk"))


def pass_through(approval: Approval) -> None:
    """Whoever may use a seat of the open step approves, until it is decided."""
    while approval.state == "open":
        vote_next(approval)
        approval.refresh_from_db()


def vote_next(approval: Approval) -> None:
    """The first who may use a free seat of the open step approves."""
    seats = [seat for seat in open_seats(approval) if seat.eligible]
    voted = set(seats[0].step.votes.values_list("voter_id", flat=True))
    free = next(key for key in seats[0].eligible if key not in voted)
    story.vote(approval, User.objects.get(pk=free).username)


@pytest.mark.parametrize(("tier", "high_risk", "key", "bodies", "until"), ROUTES)
def test_every_tier_can_be_approved_with_the_shipped_pack(
    tier: str, high_risk: str, key: str, bodies: list[str], until: dt.date, approval: Approval
) -> None:
    found = route(tier, high_risk)
    assert found.key == key
    with clock.at(NOON):
        again = reopened(approval, found)
        pass_through(again)
    steps = again.steps.order_by("order")
    assert [(step.body_code, step.state) for step in steps] == [(body, "passed") for body in bodies]
    release = Release.objects.get(pk=again.release_id)
    assert (again.state, again.valid_until, release.approved_until) == ("approved", until, until)
    assert release.approved_digest == again.material_digest
    connection.check_constraints()


@pytest.mark.parametrize(("tier", "high_risk", "key", "bodies", "until"), ROUTES)
def test_nobody_barred_gets_through_on_any_route(
    tier: str, high_risk: str, key: str, bodies: list[str], until: dt.date, approval: Approval
) -> None:
    root = User(
        username="root", name="技术管理员", is_superuser=True, password=person("xu").password
    )
    with ledger.act(person("admin")) as act:
        act.create(root, "person.enrolled")
    for username in ("wang", "li", "zhao", "root"):  # owner, developer, validator, superuser
        for role in (Role.DEPARTMENT_HEAD, Role.LINE_RISK_OFFICER, Role.MODEL_RISK):
            people.assign_role(
                actor=person("admin"),
                user=person(username),
                role=role,
                entity=head_office(),
                valid_from=dt.date(2020, 1, 1),
            )
        for body in ("mrc", "rmc"):
            committees.give_seat(
                actor=person("mi"),
                committee=Committee.objects.get(code=body),
                user=person(username),
                valid_from=dt.date(2020, 1, 1),
            )
    again = reopened(approval, route(tier, high_risk))
    barred = {"wang", "li", "zhao", "root"}
    keys = {person(username).pk for username in barred}
    ballot = again.steps.values_list("seats__eligible", flat=True)
    assert [eligible for eligible in ballot if keys & set(eligible)] == []
    while again.state == "open":
        for username in sorted(barred):
            with refused(SegregationRefused, refusal_of(username), leaving=LATE):
                story.vote(again, username)
        before = again.steps.filter(state="open").get()
        while before.state == "open":
            vote_next(again)
            before.refresh_from_db()
        again.refresh_from_db()
    assert again.state == "approved"
    assert keys.isdisjoint(again.steps.values_list("votes__voter", flat=True))


def refusal_of(username: str) -> str:
    return "superuser_vote" if username == "root" else "vote_in_conflict"


@pytest.mark.parametrize(
    ("name", "tier", "high_risk"),
    [("prohibited", "P", "no"), ("not graded", "", "no"), ("high risk not known", "III", None)],
)
def test_without_a_route_there_is_no_approval(
    name: str, tier: str, high_risk: str | None, approval: Approval
) -> None:
    with refused(Conflict, "no_route"):
        route(tier, high_risk)


def test_the_signers_of_a_route_are_of_the_entity_or_above_it(approval: Approval) -> None:
    (step,) = papers.ballots(route("III", "no"), approval.release)
    names = {
        seat.name: [User.objects.get(pk=key).username for key in seat.eligible]
        for seat in step.seats
    }
    assert names == {"mrm": ["chen", "sun"], "department_head": ["xu"]}
    assert [seat.line for seat in step.seats] == ["2", "1"]


def empty_seat(name: str) -> None:
    """The seat's holder leaves the committee."""
    day = clock.today() - dt.timedelta(days=1)
    for seat in Seat.objects.filter(name=name):
        committees.vacate_seat(actor=person("mi"), seat_id=seat.pk, valid_to=day)


@pytest.mark.parametrize("name", ["mrm_head", "compliance", "cro", "information_security"])
def test_without_a_seat_that_the_quorum_names_no_ballot_is_frozen(
    name: str, approval: Approval
) -> None:
    approvals.withdraw(actor=person("wang"), approval_id=approval.pk, reason="补充材料")
    empty_seat(name)
    with refused(Conflict, "seat_empty") as caught:
        lifecycle.request_approval(actor=person("wang"), release_id=approval.release_id)
    assert name in str(caught.value)


def test_a_named_seat_whose_holder_is_barred_is_as_good_as_empty(approval: Approval) -> None:
    approvals.withdraw(actor=person("wang"), approval_id=approval.pk, reason="补充材料")
    empty_seat("compliance")
    for body in ("mrc", "rmc"):
        committees.give_seat(
            actor=person("mi"),
            committee=Committee.objects.get(code=body),
            user=person("wang"),
            name="compliance",
            valid_from=dt.date(2020, 1, 1),
        )
    with refused(Conflict, "seat_empty"):
        lifecycle.request_approval(actor=person("wang"), release_id=approval.release_id)


def test_without_a_signer_no_ballot_is_frozen(approval: Approval) -> None:
    day = clock.today() - dt.timedelta(days=1)
    row = RoleAssignment.objects.get(role="department_head")
    people.end_role(actor=person("admin"), assignment_id=row.pk, valid_to=day)
    with refused(Conflict, "seat_empty") as caught:
        papers.ballots(route("IV", "no"), approval.release)
    assert caught.value.params == {"seat": "department_head"}


def test_a_seat_can_be_held_by_a_post(approval: Approval) -> None:
    admin = person("admin")
    department = people.open_department(
        actor=admin, code="CMP", name_zh="合规部", name_en="", entity=head_office()
    )
    post = people.create_post(
        actor=admin, code="CMP-1", title_zh="合规官", title_en="", department=department
    )
    empty_seat("compliance")
    committees.give_seat(
        actor=person("mi"),
        committee=Committee.objects.get(code="mrc"),
        post=post,
        name="compliance",
    )
    with refused(Conflict, "seat_empty"):  # vacant
        papers.ballots(route("II", "no"), approval.release)
    people.hold_post(actor=admin, post=post, user=person("other"), valid_from=clock.today())
    (step,) = papers.ballots(route("II", "no"), approval.release)
    (seat,) = [seat for seat in step.seats if seat.name == "compliance"]
    assert (seat.holder_id, seat.eligible) == (person("other").pk, (person("other").pk,))


# --- asking for approval


def test_the_papers_hold_what_the_voters_must_know(approval: Approval) -> None:
    told = approval.dossier
    assert told["tier"] == "II"
    assert told["grade"]["tier"] == "II"
    assert told["validation"]["conclusion"] == "with_limitations"
    assert told["version"]["digest"] == approval.release.version.digest  # type: ignore[union-attr]
    assert len(told["documents"]) == 19
    assert told["gate"]["open"] is True
    assert told["use_case"]["prohibited_uses"] == "不得用于催收或定价"


def test_only_the_models_owner_asks_for_approval(approval: Approval) -> None:
    approvals.withdraw(actor=person("wang"), approval_id=approval.pk, reason="补充材料")
    for username in ("other", "li", "mi", "admin", "pipeline"):
        with refused(Forbidden, "not_the_owner"):
            lifecycle.request_approval(actor=person(username), release_id=approval.release_id)


def test_a_release_has_one_open_approval(approval: Approval) -> None:
    with refused(Conflict, "approval_open"):
        lifecycle.request_approval(actor=person("wang"), release_id=approval.release_id)


def test_approval_is_asked_for_at_s3(approval: Approval) -> None:
    lifecycle.promote(
        actor=person("wang"), release_id=approval.release_id, to="S2", reason="补充验证材料"
    )
    with refused(Conflict, "not_in_approval"):
        lifecycle.request_approval(actor=person("wang"), release_id=approval.release_id)


def test_what_has_gone_missing_since_s3_keeps_the_approval_from_being_asked_for(
    approval: Approval,
) -> None:
    approvals.withdraw(actor=person("wang"), approval_id=approval.pk, reason="补充材料")
    later = clock.now() + dt.timedelta(days=400)  # the data-security assessment has lapsed
    with clock.at(later), refused(Conflict, "gate_closed") as caught:
        lifecycle.request_approval(actor=person("wang"), release_id=approval.release_id)
    assert caught.value.details["gate"]["missing"] == ["data_security_assessment"]


def test_the_facts_read_what_is_there(approval: Approval) -> None:
    section = queries.section_of(policy.active_pack())
    facts = gather(approval.release, section)
    assert (facts.tier, facts.stage, facts.stopped) == ("II", "S3", ())
    assert facts.readings["flag_nfra_high_risk"] == "yes"
    assert facts.readings["any_person"] is True
    assert facts.readings["has_stop_operators"] is False
    assert facts.readings["stop_operator_in_office"] is True
    assert {name for name, value in facts.named.items() if not value.holds} == {
        "approved",
        "deployed_digest",
        "monitored",
        "pilot_lasted",
    }


def test_where_nobody_may_stop_it_no_operator_is_in_office(approval: Approval) -> None:
    """BR-07 reads who holds the roles today, not what a list of names says."""
    for row in RoleAssignment.objects.filter(role__in=["duty_officer", "it_operations"]):
        people.end_role(actor=person("admin"), assignment_id=row.pk, valid_to=clock.today())
    section = queries.section_of(policy.active_pack())
    assert gather(approval.release, section).readings["stop_operator_in_office"] is True
    with clock.at(clock.now() + dt.timedelta(days=1)):
        found = gather(approval.release, section).readings
    assert found["stop_operator_in_office"] is False
