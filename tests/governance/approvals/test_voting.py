"""Voting: one vote per seat, by somebody entitled, on the locked papers, with an own proof."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.db import connection

from governance.approvals import queries
from governance.approvals import services as approvals
from governance.approvals.models import Approval, BallotSeat, Vote
from governance.approvals.services import Ballot
from governance.committees import services as committees
from governance.committees.models import Committee, Resolution
from governance.lifecycle import services as lifecycle
from registry.catalogue import services as catalogue
from registry.classification import services as classification
from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden, SegregationRefused
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.people import services as people
from registry.core.people.models import Delegation, User
from registry.core.people.rules import Role
from registry.core.people.services import NewPerson
from registry.releases.models import Release
from registry.usecases import services as uses
from tests import story
from tests.refusals import changes, execute, footprint, refused, refused_by_database
from tests.story import vote
from tests.world import PASSWORD, head_office, person

LATE = {"registry_stepup": (1, 0)}  # the voter's own proof of identity; it is not spent


def opened() -> Approval:
    """A tier II high-risk release at S3: MRC recommends, then RMC approves."""
    return story.to_approval(story.register())


def fresh(approval: Approval) -> Approval:
    return Approval.objects.get(pk=approval.pk)


def seats(approval: Approval, body: str = "mrc") -> dict[str, BallotSeat]:
    """The ballot, by user name."""
    rows = BallotSeat.objects.filter(step__approval=approval, step__body_code=body)
    return {seat.holder.username: seat for seat in rows.select_related("holder") if seat.holder}


def seat_on(body: str, username: str) -> None:
    committees.give_seat(
        actor=person("mi"),
        committee=Committee.objects.get(code=body),
        user=person(username),
        valid_from=dt.date(2020, 1, 1),
    )


def becomes_owner(username: str, approval: Approval) -> None:
    """The model is handed over to the person in the midst of the vote."""
    also(username, Role.OWNER)
    catalogue.hand_over(
        actor=person("chen"),
        model_id=approval.release.model_use.model_id,
        owner=person(username),
        reason="调岗",
    )


def also(username: str, role: Role) -> None:
    """The person has this role too."""
    people.assign_role(
        actor=person("admin"), user=person(username), role=role, entity=head_office()
    )


# --- the ballot


def test_the_papers_and_the_ballot_are_locked_when_approval_is_requested(
    approval: Approval,
) -> None:
    assert approval.route["key"] == "tier_ii_high_risk"
    assert approval.dossier_digest == ledger.digest(approval.dossier)
    assert approval.dossier["material_digest"] == approval.material_digest
    assert [(step.body_code, step.state) for step in approval.steps.order_by("order")] == [
        ("mrc", "open"),
        ("rmc", "waiting"),
    ]
    assert sorted(seats(approval)) == ["chen", "lin", "qian", "sun"]
    assert sorted(seats(approval, "rmc")) == ["gao", "he", "ma", "qian", "sun"]


def test_the_ballot_stays_as_it_was_when_the_committee_changes(approval: Approval) -> None:
    seat_on("mrc", "gao")
    with refused(SegregationRefused, "no_seat", leaving=LATE):
        vote(approval, "gao")


# --- a vote


def test_a_vote_stands_with_its_entry_and_its_spent_proof(approval: Approval) -> None:
    proof = people.step_up(
        user=person("sun"), password=PASSWORD, subjects=[approval.dossier_digest]
    )
    before = footprint()
    cast = vote(approval, "sun", step_up_id=proof.pk)
    told = changes(before)
    assert told.pop("registry_stepup") == (1, 0)  # story.vote proves once more
    assert told == {
        "governance_vote": (1, 1),
        "registry_stepupuse": (1, 0),
        "registry_entry": (1, 0),
    }
    entry = Entry.objects.get(subject_id=cast.pk)
    assert (entry.kind, entry.actor) == ("vote.cast", person("sun").pk)
    assert (cast.dossier_digest, cast.step_up.step_up_id) == (approval.dossier_digest, proof.pk)


def test_a_majority_passes_the_first_step_and_opens_the_second(approval: Approval) -> None:
    for username in ("sun", "qian"):
        vote(approval, username)
        assert [step.state for step in approval.steps.order_by("order")] == ["open", "waiting"]
    vote(approval, "lin")
    assert [step.state for step in approval.steps.order_by("order")] == ["passed", "open"]
    assert fresh(approval).state == "open"


@pytest.mark.django_db
def test_the_last_step_approves_the_release_with_a_warrant() -> None:
    with clock.at(dt.datetime(2026, 11, 23, 4, tzinfo=dt.UTC)):
        approval = opened()
        story.approve(approval)
    done = fresh(approval)
    release = Release.objects.get(pk=approval.release_id)
    assert (done.state, done.valid_until) == ("approved", dt.date(2028, 5, 23))
    assert (release.approved_digest, release.approved_until) == (
        approval.material_digest,
        dt.date(2028, 5, 23),
    )
    assert (
        Entry.objects.filter(kind="approval.granted", digest=approval.material_digest).count() == 1
    )
    connection.check_constraints()


def test_a_refused_first_step_rejects_the_whole(approval: Approval) -> None:
    vote(approval, "sun", "reject", reason="样本太旧了")
    assert fresh(approval).state == "rejected"
    assert [step.state for step in approval.steps.order_by("order")] == ["failed", "closed"]
    assert Release.objects.get(pk=approval.release_id).approved_digest == ""
    with refused(Conflict, "vote_late", leaving={"registry_stepup": (1, 0)}):
        vote(approval, "qian")


def test_most_deferring_returns_it_for_supplement(approval: Approval) -> None:
    for username in ("sun", "qian", "lin"):
        vote(approval, username, "defer", reason="请补充材料")
    vote(approval, "chen", "abstain")
    assert fresh(approval).state == "deferred"


# --- twice, late, without a seat


def test_nobody_votes_twice(approval: Approval) -> None:
    vote(approval, "sun")
    with refused(Conflict, "vote_twice", leaving=LATE):
        vote(approval, "sun", "reject", reason="改变主意了")
    assert Vote.objects.get().choice == "approve"


def test_nobody_votes_when_the_approval_has_been_taken_back(approval: Approval) -> None:
    approvals.withdraw(actor=person("wang"), approval_id=approval.pk, reason="补充材料")
    assert fresh(approval).state == "withdrawn"
    with refused(Conflict, "vote_late", leaving=LATE):
        vote(approval, "sun")


def test_nobody_votes_in_a_step_that_waits(approval: Approval) -> None:
    with refused(SegregationRefused, "no_seat", leaving=LATE):
        vote(approval, "gao")  # sits on the RMC, whose step has not opened


def test_whoever_comes_after_the_step_was_decided_is_late(approval: Approval) -> None:
    for username in ("sun", "qian", "lin"):
        vote(approval, username)
    with refused(Conflict, "vote_late", leaving=LATE):
        vote(approval, "chen")


def test_a_stranger_has_no_seat(approval: Approval) -> None:
    with refused(SegregationRefused, "no_seat", leaving=LATE):
        vote(approval, "xu")


# --- conflicts of interest


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "username", "why"),
    [
        ("the owner", "wang", "interested"),
        ("the developer", "li", "interested"),
        ("the validator", "zhao", "interested"),
    ],
)
@pytest.mark.parametrize("seated", [True, False])
def test_the_interested_do_not_vote_even_with_a_seat(
    name: str, username: str, why: str, seated: bool
) -> None:
    if seated:
        seat_on("mrc", username)
    approval = opened()
    if seated:
        assert seats(approval)[username].barred_reason == why
        assert seats(approval)[username].eligible == []
    with refused(SegregationRefused, "vote_in_conflict", leaving=LATE):
        vote(approval, username)


@pytest.mark.django_db
def test_the_owner_of_the_use_case_does_not_vote() -> None:
    seat_on("mrc", "other")
    told = story.register()
    with ledger.act(person("wang")) as act:
        act.update(told.registered.use_case, "use_case.handed_over", {"owner": person("other")})
    approval = story.to_approval(told)
    with refused(SegregationRefused, "vote_in_conflict", leaving=LATE):
        vote(approval, "other")


def test_who_becomes_interested_after_the_ballot_was_frozen_does_not_vote(
    approval: Approval,
) -> None:
    becomes_owner("lin", approval)
    assert seats(approval)["lin"].barred_reason == ""
    with refused(SegregationRefused, "vote_in_conflict", leaving=LATE):
        vote(approval, "lin")


def test_who_has_left_does_not_vote(approval: Approval) -> None:
    proof = people.step_up(
        user=person("lin"), password=PASSWORD, subjects=[approval.dossier_digest]
    )
    people.deactivate(actor=person("admin"), user_id=person("lin").pk, reason="离职")
    ballot = Ballot(choice="approve", dossier_digest=approval.dossier_digest, step_up_id=proof.pk)
    with refused(SegregationRefused, "vote_in_conflict"):
        approvals.cast(actor=person("lin"), approval_id=approval.pk, ballot=ballot)


def test_a_machine_does_not_vote(approval: Approval) -> None:
    ballot = Ballot(choice="approve", dossier_digest=approval.dossier_digest)
    with refused(SegregationRefused, "machine_vote"):
        approvals.cast(actor=person("pipeline"), approval_id=approval.pk, ballot=ballot)


@pytest.mark.django_db
def test_a_superuser_does_not_vote_whatever_seat_is_held() -> None:
    root = User(
        username="root", name="技术管理员", is_superuser=True, password=person("sun").password
    )
    with ledger.act(person("admin")) as act:
        act.create(root, "person.enrolled")
    also("root", Role.MODEL_RISK)
    seat_on("mrc", "root")
    approval = opened()
    assert seats(approval)["root"].eligible == []
    with refused(SegregationRefused, "superuser_vote", leaving=LATE):
        vote(approval, "root")


@pytest.mark.django_db
def test_vendor_staff_gets_no_seat() -> None:
    new = NewPerson("vendor", "供应商", PASSWORD)
    vendor = people.enrol(actor=person("admin"), person=new, is_vendor_staff=True)
    with refused(DomainError, "seat_unfit"):
        seat_on("mrc", vendor.username)


# --- papers and proofs


def test_a_vote_on_other_papers_is_refused(approval: Approval) -> None:
    with refused(Conflict, "stale_papers", leaving=LATE):
        vote(approval, "sun", dossier_digest="f" * 64)


@pytest.mark.parametrize(
    "whose", ["missing", "of nobody", "another's", "for other papers", "spent"]
)
def test_a_vote_needs_a_fresh_proof_of_its_own_for_these_papers(
    whose: str, approval: Approval
) -> None:
    papers = {
        "another's": ("qian", approval.dossier_digest),
        "for other papers": ("sun", "f" * 64),
        "spent": ("sun", approval.dossier_digest),
    }
    proof: uuid.UUID | None = uuid.UUID(int=5) if whose == "of nobody" else None
    if whose in papers:
        username, paper = papers[whose]
        made = people.step_up(user=person(username), password=PASSWORD, subjects=[paper])
        proof = made.pk
    if whose == "spent":
        people.spend_step_up(user=person("sun"), step_up_id=proof, subject=approval.dossier_digest)
    with refused(Forbidden, "step_up_needed", leaving=LATE):
        vote(approval, "sun", step_up_id=proof)


def test_an_old_proof_is_refused(approval: Approval) -> None:
    ago = clock.now() - dt.timedelta(minutes=15)
    with clock.at(ago):
        proof = people.step_up(
            user=person("sun"), password=PASSWORD, subjects=[approval.dossier_digest]
        )
    with refused(Forbidden, "step_up_needed", leaving=LATE):
        vote(approval, "sun", step_up_id=proof.pk)


@pytest.mark.django_db
def test_one_proof_covers_a_listed_batch() -> None:
    first = opened()
    second = story.to_approval(story.register(name="第二个模型"))
    proof = people.step_up(
        user=person("sun"),
        password=PASSWORD,
        subjects=[first.dossier_digest, second.dossier_digest],
    )
    for approval in (first, second):
        vote(approval, "sun", step_up_id=proof.pk)
    assert Vote.objects.count() == 2


def test_an_unknown_choice_is_refused(approval: Approval) -> None:
    with refused(DomainError, "unknown_choice", leaving=LATE):
        vote(approval, "sun", "perhaps")


@pytest.mark.parametrize("conditions", [(), ({"text": " "},), ({"due_on": "2027-01-01"},)])
def test_conditions_that_say_nothing_are_refused(
    conditions: tuple[dict[str, str], ...], approval: Approval
) -> None:
    with refused(DomainError, "conditions_needed", leaving=LATE):
        vote(approval, "sun", "approve_with_conditions", reason="需补充样本", conditions=conditions)


# --- delegates


def delegate(
    principal: str, to: str, body: str = "", first: int = 0, last: int = 5, *, accepted: bool = True
) -> Delegation:
    """Given on the first day, or today where that lies ahead; accepted at once."""
    day = clock.today()
    with clock.at(clock.now() + dt.timedelta(days=min(first, 0))):
        row = people.delegate(
            actor=person(principal),
            to=person(to),
            body_code=body,
            valid_from=day + dt.timedelta(days=first),
            valid_to=day + dt.timedelta(days=last),
            reason="出差",
        )
        if accepted:
            people.accept_delegation(actor=person(to), delegation_id=row.pk)
    return row


def test_a_delegate_votes_on_the_principals_seat_and_both_are_named(approval: Approval) -> None:
    delegate("sun", "xu", "mrc")
    cast = vote(approval, "xu")
    assert (cast.seat, cast.voter, cast.on_behalf_of) == (
        seats(approval)["sun"],
        person("xu"),
        person("sun"),
    )
    with refused(Conflict, "vote_twice", leaving=LATE):
        vote(approval, "sun")


@pytest.mark.parametrize(
    ("name", "body", "first", "last"),
    [
        ("before the dates", "mrc", 1, 5),
        ("after the dates", "mrc", -5, -1),
        ("in another body", "rmc", 0, 5),
    ],
)
def test_a_delegate_has_no_seat(
    name: str, body: str, first: int, last: int, approval: Approval
) -> None:
    delegate("sun", "xu", body, first, last)
    with refused(SegregationRefused, "no_seat", leaving=LATE):
        vote(approval, "xu")


@pytest.mark.django_db
def test_a_delegate_inherits_the_conflict_of_a_principal_on_the_ballot() -> None:
    seat_on("mrc", "wang")
    also("wang", Role.BUSINESS_EXECUTIVE)
    approval = opened()
    delegate("wang", "xu")
    with refused(SegregationRefused, "vote_in_conflict", leaving=LATE):
        vote(approval, "xu")


def test_a_delegate_inherits_a_conflict_that_arose_after_the_ballot_was_frozen(
    approval: Approval,
) -> None:
    delegate("lin", "xu")
    becomes_owner("lin", approval)
    with refused(SegregationRefused, "vote_in_conflict", leaving=LATE):
        vote(approval, "xu")


def test_who_stands_in_for_the_interested_does_not_vote_from_an_own_seat(
    approval: Approval,
) -> None:
    also("wang", Role.BUSINESS_EXECUTIVE)
    delegate("wang", "lin")
    with refused(SegregationRefused, "vote_in_conflict", leaving=LATE):
        vote(approval, "lin")


def test_owners_and_developers_have_nothing_to_delegate(approval: Approval) -> None:
    for username in ("wang", "li"):
        with refused(Forbidden, "nothing_to_delegate"):
            delegate(username, "lin")


def test_the_interested_do_not_vote_for_a_principal_either(approval: Approval) -> None:
    for username in ("wang", "li", "zhao"):
        also(username, Role.DEPARTMENT_HEAD)
        given = delegate("sun", username)
        with refused(SegregationRefused, "vote_in_conflict", leaving=LATE):
            vote(approval, username)
        people.revoke_delegation(actor=person("sun"), delegation_id=given.pk)


def test_a_delegation_that_was_not_accepted_neither_permits_nor_bars(approval: Approval) -> None:
    """Else anybody interested could bar a member by naming them as a deputy."""
    also("wang", Role.BUSINESS_EXECUTIVE)
    delegate("wang", "lin", accepted=False)
    assert vote(approval, "lin").seat == seats(approval)["lin"]
    delegate("sun", "xu", accepted=False)
    with refused(SegregationRefused, "no_seat", leaving=LATE):
        vote(approval, "xu")


@pytest.mark.parametrize("role", [Role.AUDIT, Role.SUPERVISOR, Role.ADMINISTRATOR])
def test_the_third_line_and_administrators_vote_on_no_seat(approval: Approval, role: Role) -> None:
    also("lin", role)
    with refused(SegregationRefused, "vote_in_conflict", leaving=LATE):
        vote(approval, "lin")
    with refused_by_database("MC013"):
        raw_vote(approval, "lin", "lin")


def test_a_delegate_of_a_delegate_has_no_seat(approval: Approval) -> None:
    delegate("sun", "xu")
    delegate("xu", "luo")
    with refused(SegregationRefused, "no_seat", leaving=LATE):
        vote(approval, "luo")


def test_a_member_who_is_also_a_delegate_votes_once(approval: Approval) -> None:
    delegate("sun", "lin")
    assert vote(approval, "lin").seat == seats(approval)["lin"]
    with refused(Conflict, "vote_twice", leaving=LATE):
        vote(approval, "lin")


# --- material changes


def graded_again(approval: Approval) -> None:
    facts = story.E01["facts"] | {"annual_volume": "below_10k"}
    inputs = story.inputs(story.E01 | {"facts": facts})
    use = approval.release.model_use_id
    classification.assess(actor=person("wang"), use_id=use, inputs=inputs)


def new_evidence(approval: Approval) -> None:
    story.hand_in(approval.release, "fairness_report")


def other_purpose(approval: Approval) -> None:
    uses.correct_use_case(
        actor=person("wang"),
        use_case_id=approval.release.model_use.use_case_id,
        changes={"purpose": "自动审批全部贷款申请"},
        reason="扩大范围",
    )


MATERIAL = [
    ("graded again", graded_again),
    ("new material evidence", new_evidence),
    ("another purpose", other_purpose),
]


@pytest.mark.parametrize(("name", "change"), MATERIAL)
def test_after_a_material_change_the_vote_is_refused_the_approval_void_and_votes_are_kept(
    name: str, change: Any, approval: Approval
) -> None:
    vote(approval, "sun")
    change(approval)
    before = footprint()
    with pytest.raises(Conflict) as caught:
        vote(approval, "qian")
    assert caught.value.code == "material_change"
    assert changes(before) == LATE | {
        "governance_approval": (0, 1),
        "governance_step": (0, 2),
        "registry_entry": (3, 0),
    }
    assert (fresh(approval).state, fresh(approval).outcome_reason) == ("void", "material_change")
    assert [one.voter for one in Vote.objects.all()] == [person("sun")]
    with refused(Conflict, "vote_late", leaving=LATE):
        vote(approval, "qian")


@pytest.mark.parametrize(("name", "change"), MATERIAL)
def test_after_a_material_change_the_vote_can_not_be_closed(
    name: str, change: Any, approval: Approval
) -> None:
    for username in ("sun", "qian"):
        vote(approval, username)
    change(approval)
    with pytest.raises(Conflict) as caught:
        approvals.close_step(actor=person("mi"), approval_id=approval.pk)
    assert caught.value.code == "material_change"
    assert fresh(approval).state == "void"
    assert Resolution.objects.count() == 0


def renamed(approval: Approval) -> None:
    catalogue.correct_model(
        actor=person("wang"),
        model_id=approval.release.model_use.model_id,
        changes={"name_zh": "零售评分卡", "description": "更正"},
        reason="更名",
    )


def immaterial_document(approval: Approval) -> None:
    story.hand_in(approval.release, "other", "pilot_plan")


def benefit_corrected(approval: Approval) -> None:
    uses.correct_use_case(
        actor=person("wang"),
        use_case_id=approval.release.model_use.use_case_id,
        changes={"benefit": "缩短审批时间并降低成本"},
        reason="更正",
    )


def somebody_initiated(approval: Approval) -> None:
    catalogue.initiate(
        actor=person("wang"),
        model=approval.release.model_use.model,
        user=person("hai"),
        reason="需要知悉",
    )


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("a corrected name", renamed),
        ("an immaterial document", immaterial_document),
        ("a corrected benefit", benefit_corrected),
        ("somebody initiated", somebody_initiated),
    ],
)
def test_an_immaterial_change_voids_nothing(name: str, change: Any, approval: Approval) -> None:
    change(approval)
    vote(approval, "sun")
    assert not approvals.void_if_changed(actor=person("wang"), release_id=approval.release_id)
    assert (fresh(approval).state, Vote.objects.count()) == ("open", 1)


def test_a_void_approval_can_be_requested_again_with_new_papers(approval: Approval) -> None:
    new_evidence(approval)
    assert approvals.void_if_changed(actor=person("wang"), release_id=approval.release_id)
    again = lifecycle.request_approval(actor=person("wang"), release_id=approval.release_id)
    assert again.dossier_digest != approval.dossier_digest
    assert vote(again, "sun").step.approval == again


# --- closing


def test_the_secretary_closes_only_with_a_quorum(approval: Approval) -> None:
    vote(approval, "sun")
    with refused(Conflict, "no_quorum") as caught:
        approvals.close_step(actor=person("mi"), approval_id=approval.pk)
    assert caught.value.details["tally"]["absent_named_seats"] == ["compliance"]
    vote(approval, "qian")
    step = approvals.close_step(actor=person("mi"), approval_id=approval.pk)
    assert (step.state, step.body_code) == ("passed", "mrc")


def test_what_is_not_open_is_neither_closed_nor_taken_back(approval: Approval) -> None:
    approvals.withdraw(actor=person("wang"), approval_id=approval.pk, reason="补充材料")
    with refused(Conflict, "not_open"):
        approvals.close_step(actor=person("mi"), approval_id=approval.pk)
    with refused(Conflict, "not_open"):
        approvals.withdraw(actor=person("wang"), approval_id=approval.pk, reason="补充材料")


# --- the database's own answer


RAW_VOTE = (
    "INSERT INTO governance_vote (id, row_version, seat_id, step_id, voter_id, on_behalf_of_id,"
    " choice, reason, conditions, dossier_digest, step_up_id, cast_at) VALUES"
    " (gen_random_uuid(), 1, %s, %s, %s, %s, 'approve', '', '[]', %s, %s, now())"
)


def raw_vote(approval: Approval, username: str, seat: str, **changed: Any) -> None:
    """A vote past every service; only the triggers stand in the way."""
    voter = person(username)
    ballot_seat = seats(approval)[seat]
    told = {"digest": approval.dossier_digest, "behalf": None, "prover": voter} | changed
    step_up, used = uuid.uuid4(), [approval.dossier_digest]
    execute(
        "INSERT INTO registry_stepup (id, user_id, subjects, proved_at, expires_at)"
        " VALUES (%s, %s, %s, now(), now() + interval '15 minutes')",
        step_up,
        told["prover"].pk,
        used,
    )
    execute(
        "INSERT INTO registry_stepupuse (step_up_id, subject, used_at)"
        " VALUES (%s, %s, clock_timestamp())",
        step_up,
        approval.dossier_digest,
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM registry_stepupuse")
        (use,) = cursor.fetchone()
    execute(
        RAW_VOTE,
        ballot_seat.pk,
        ballot_seat.step_id,
        voter.pk,
        told["behalf"],
        told["digest"],
        use,
    )


def test_a_lawful_raw_vote_fails_for_its_missing_entry_alone(approval: Approval) -> None:
    with refused_by_database("MC006"):
        raw_vote(approval, "sun", "sun")


@pytest.mark.parametrize(
    ("name", "username", "seat", "changed", "state"),
    [
        ("by a stranger", "xu", "sun", {}, "MC013"),
        ("on another's seat", "qian", "sun", {}, "MC013"),
        ("for a principal without a delegation", "xu", "sun", {"behalf": "sun"}, "MC013"),
        ("by the owner", "wang", "sun", {}, "MC013"),
        ("on other papers", "sun", "sun", {"digest": "f" * 64}, "MC012"),
        ("with another's proof", "sun", "sun", {"prover": "qian"}, "MC013"),
    ],
)
def test_an_unlawful_raw_vote_is_refused_by_the_trigger(
    name: str, username: str, seat: str, changed: dict[str, Any], state: str, approval: Approval
) -> None:
    told = {
        key: (person(value).pk if key == "behalf" else person(value) if key == "prover" else value)
        for key, value in changed.items()
    }
    with refused_by_database(state):
        raw_vote(approval, username, seat, **told)


@pytest.mark.parametrize("username", ["wang", "li", "zhao"])
def test_the_interested_do_not_vote_by_raw_sql_even_with_an_open_seat(
    username: str, approval: Approval
) -> None:
    member = BallotSeat(
        step=approval.steps.get(order=1),
        name="forged",
        line="2",
        holder=person(username),
        eligible=[person(username).pk],
    )
    with ledger.act(person("mi")) as act:
        act.create(member, "approval.seat_frozen")
    with refused_by_database("MC013"):
        raw_vote(approval, username, username)


def test_a_late_raw_vote_is_refused_by_the_trigger(approval: Approval) -> None:
    approvals.withdraw(actor=person("wang"), approval_id=approval.pk, reason="补充材料")
    with refused_by_database("MC012"):
        raw_vote(approval, "sun", "sun")


# --- what a person has to decide


def test_a_member_finds_the_seats_that_wait_for_a_vote(approval: Approval) -> None:
    delegate("sun", "xu")
    assert [seat.step.approval for seat in queries.seats_to_vote(person("sun"))] == [approval]
    assert [seat.holder for seat in queries.seats_to_vote(person("xu"))] == [person("sun")]
    assert list(queries.seats_to_vote(person("gao"))) == []
    vote(approval, "sun")
    for username in ("sun", "xu"):
        assert list(queries.seats_to_vote(person(username))) == []
