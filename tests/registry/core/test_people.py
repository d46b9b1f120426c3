"""People: founding, dated roles, machine accounts, tokens, step-up, delegation, leaving."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Sequence
from typing import Any

import pytest
from django.utils import translation

from governance.approvals import services as approvals
from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden, NotFound
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.people import queries
from registry.core.people import services as people
from registry.core.people.models import (
    SYSTEM_ID,
    Delegation,
    LegalEntity,
    Post,
    PostHolding,
    RoleAssignment,
    StepUpUse,
    Token,
    User,
    UserKind,
)
from registry.core.people.rules import (
    GRANTS,
    LINE_OF,
    MACHINE_CAPABILITIES,
    MACHINE_ROLES,
    Capability,
    Line,
    Role,
    Standing,
    in_force,
)
from registry.core.people.services import NewPerson
from registry.core.policy.models import PackRelease
from tests.refusals import changes, footprint, refused, refused_by_database
from tests.world import PASSWORD, PEOPLE, head_office, person

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 23)
NOON = dt.datetime(2026, 11, 23, 4, tzinfo=dt.UTC)
PAPER, OTHER_PAPER = "a" * 64, "b" * 64


def day(offset: int) -> dt.date:
    return TODAY + dt.timedelta(days=offset)


def branch() -> LegalEntity:
    return LegalEntity.objects.get(code="SH")


def enrolled(username: str = "fang", **told: Any) -> User:
    new = NewPerson(username, "方圆", PASSWORD)
    return people.enrol(actor=person("admin"), person=new, **told)


def superuser() -> User:
    """A technical administrator, as an operator would make one, with every role there is."""
    row = User(username="root", name="技术管理员", is_superuser=True, password="!")
    with ledger.act(person("admin")) as act:
        act.create(row, "person.enrolled")
    return row


# --- founding


def founding(*usernames: str, document: str = "总行发〔2026〕1号") -> LegalEntity:
    return approvals.found(
        policy_document=document,
        entity_code="B2",
        entity_name="第二银行",
        administrators=[NewPerson(name, name, PASSWORD) for name in usernames],
    )


def test_founding_is_possible_once() -> None:
    with refused(Conflict, "already_founded"):
        founding("x1", "x2")


@pytest.mark.parametrize(
    ("name", "usernames"),
    [("nobody", ()), ("one", ("x1",)), ("three", ("x1", "x2", "x3")), ("one twice", ("x1", "x1"))],
)
def test_founding_names_two_administrators(name: str, usernames: tuple[str, ...]) -> None:
    with refused(DomainError, "two_administrators"):
        founding(*usernames)


def test_founding_names_the_policy_document() -> None:
    with refused(DomainError, "policy_document"):
        founding("x1", "x2", document=" ")


def test_the_ledger_begins_with_the_founding_act_of_the_system() -> None:
    first = Entry.objects.order_by("seq")[0]
    assert (first.kind, first.actor, first.subject_id) == ("founding.act", SYSTEM_ID, SYSTEM_ID)
    assert '"policy_document":"总行发〔2026〕1号"' in first.body
    act = Entry.objects.filter(act=first.act).order_by("seq").values_list("kind", flat=True)
    assert list(act) == [
        "founding.act",
        "entity.founded",
        "person.enrolled",
        "role.assigned",
        "person.enrolled",
        "role.assigned",
        "pack.loaded",
        "pack.activation_granted",
        "pack.activated",
    ]


def test_a_founding_shows_for_ever_in_the_first_activation() -> None:
    entry = Entry.objects.get(kind="pack.activation_granted")
    assert '"founding":true' in entry.body
    assert PackRelease.objects.filter(state="active").count() == 1


# --- who is enrolled


def test_somebody_enrolled_can_prove_the_password_and_has_no_role() -> None:
    before = footprint()
    user = enrolled()
    assert changes(before) == {"registry_user": (1, 1), "registry_entry": (1, 0)}
    assert user.check_password(PASSWORD)
    assert not user.check_password(PASSWORD + "x")
    assert queries.standing(user).role_set == frozenset()


def test_a_user_name_is_given_once() -> None:
    with refused(Conflict, "username_taken"):
        enrolled("wang")
    with refused(Conflict, "username_taken"):
        people.enrol_machine(actor=person("admin"), username="wang", name="机器")


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("too short", "aB3$xyz"),
        ("like the user name", "fangyuan-fangyuan"),
        ("common", "password1234"),
        ("figures alone", "123456789012"),
    ],
)
def test_a_weak_password_is_refused(name: str, password: str) -> None:
    new = NewPerson("fangyuan-fangyuan", "方圆", password)
    with refused(DomainError, "weak_password"):
        people.enrol(actor=person("admin"), person=new)
    with refused(DomainError, "weak_password"):
        people.reset_password(
            actor=person("admin"), user_id=person("wang").pk, password="wang", reason="忘记"
        )


def test_a_machine_account_has_no_password_and_is_no_staff() -> None:
    machine = person("pipeline")
    assert (machine.kind, machine.is_staff, machine.check_password("!")) == (
        UserKind.MACHINE,
        False,
        False,
    )


def test_no_machine_is_a_superuser() -> None:
    with refused_by_database("23514"), ledger.act(person("admin")) as act:
        act.update(person("pipeline"), "person.changed", {"is_superuser": True})


# --- roles


def assign(
    user: User,
    role: Role,
    actor: str = "admin",
    valid_from: dt.date | None = None,
    valid_to: dt.date | None = None,
) -> RoleAssignment:
    return people.assign_role(
        actor=person(actor),
        user=user,
        role=role,
        entity=head_office(),
        valid_from=valid_from,
        valid_to=valid_to,
    )


def test_a_role_is_assigned_with_its_entry() -> None:
    before = footprint()
    assign(enrolled(), Role.OWNER)
    assert changes(before) == {
        "registry_user": (1, 1),
        "registry_roleassignment": (1, 1),
        "registry_entry": (2, 0),
    }


@pytest.mark.parametrize(
    ("name", "starts", "ends", "holds"),
    [
        ("before it begins", 1, None, False),
        ("on the first day", 0, None, True),
        ("open end", -9, None, True),
        ("on the last day", -9, 0, True),
        ("after the last day", -9, -1, False),
    ],
)
def test_a_role_holds_between_its_days_both_included(
    name: str, starts: int, ends: int | None, holds: bool
) -> None:
    with clock.at(NOON):
        user = enrolled()
        last = None if ends is None else day(ends)
        assign(user, Role.AUDIT, valid_from=day(starts), valid_to=last)
        assert queries.standing(person("fang")).has(Role.AUDIT) is holds
        assert in_force(day(starts), last, TODAY) is holds


def test_the_day_of_a_role_is_the_institutions_not_londons() -> None:
    with clock.at(NOON):
        assign(enrolled(), Role.AUDIT, valid_from=day(1))
    with clock.at(dt.datetime(2026, 11, 23, 16, tzinfo=dt.UTC)):  # midnight in Shanghai
        assert queries.standing(person("fang")).has(Role.AUDIT)


def test_a_role_that_was_ended_holds_no_longer() -> None:
    with clock.at(NOON):
        row = assign(enrolled(), Role.AUDIT, valid_from=day(-9))
        people.end_role(actor=person("admin"), assignment_id=row.pk, valid_to=day(-1))
        assert not queries.standing(person("fang")).has(Role.AUDIT)


def test_a_role_does_not_end_before_it_begins() -> None:
    user = enrolled()
    with refused(DomainError, "ends_before_it_begins"):
        assign(user, Role.AUDIT, valid_from=day(0), valid_to=day(-1))


def test_a_role_is_held_once_at_a_time_in_a_place() -> None:
    user = enrolled()
    assign(user, Role.AUDIT, valid_from=day(0), valid_to=day(9))
    with refused(Conflict, "role_held"):
        assign(user, Role.AUDIT, valid_from=day(9))
    assign(user, Role.AUDIT, valid_from=day(10))


NEW_PASSWORD = "another-Password-for-tests-2"


def test_a_person_changes_the_password_with_the_present_one() -> None:
    li = person("li")
    with refused(Forbidden, "wrong_password", leaving={"registry_failedproof": (1, 0)}):
        people.change_password(actor=li, old_password="not-it", new_password=NEW_PASSWORD)
    with refused(DomainError, "weak_password"):
        people.change_password(actor=li, old_password=PASSWORD, new_password="kurz")
    changed = people.change_password(actor=li, old_password=PASSWORD, new_password=NEW_PASSWORD)
    assert changed.check_password(NEW_PASSWORD)
    assert Entry.objects.order_by("-seq")[0].kind == "person.password_changed"


def test_an_administrator_resets_a_password_with_a_reason_but_not_the_own_one() -> None:
    admin, li = person("admin"), person("li")
    with refused(Forbidden, "own_reset"):
        people.reset_password(actor=admin, user_id=admin.pk, password=NEW_PASSWORD, reason="忘记")
    with refused(DomainError, "no_password"):
        people.reset_password(
            actor=admin, user_id=person("pipeline").pk, password=NEW_PASSWORD, reason="忘记"
        )
    people.reset_password(actor=admin, user_id=li.pk, password=NEW_PASSWORD, reason="忘记")
    assert person("li").check_password(NEW_PASSWORD)
    told = Entry.objects.order_by("-seq")[0]
    assert (told.kind, told.actor, told.subject_id) == ("person.password_reset", admin.pk, li.pk)


def test_whoever_leaves_has_no_role_today_or_later() -> None:
    user = enrolled()
    assign(user, Role.AUDIT, valid_from=day(-30))
    assign(user, Role.VALIDATOR, valid_from=day(30))
    with clock.at(NOON):
        people.deactivate(actor=person("admin"), user_id=user.pk, reason="离职")
    ends = RoleAssignment.objects.filter(user=user).order_by("valid_from")
    assert [row.valid_to for row in ends] == [day(-1), day(30)]


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.CRO, Role.AUDIT])
def test_nobody_assigns_a_role_to_themselves(role: Role) -> None:
    with refused(Forbidden, "own_role"):
        assign(person("admin"), role, actor="admin")


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.DEVELOPER}))
def test_vendor_staff_can_be_developers_only(role: Role) -> None:
    vendor = enrolled(is_vendor_staff=True)
    with refused(Forbidden, "vendor_staff"):
        assign(vendor, role)


def test_vendor_staff_can_be_developers() -> None:
    assign(enrolled(is_vendor_staff=True), Role.DEVELOPER)
    assert queries.standing(person("fang")).role_set == {Role.DEVELOPER}


@pytest.mark.parametrize("role", sorted(set(Role) - MACHINE_ROLES))
def test_a_machine_account_is_a_pipeline_or_a_gateway_only(role: Role) -> None:
    with refused(Forbidden, "machine_role"):
        assign(person("pipeline"), role)


def test_whoever_leaves_loses_account_roles_and_tokens_at_once() -> None:
    wang = person("wang")
    _, secret = issue(wang, "wang")
    before = footprint()
    people.deactivate(actor=person("admin"), user_id=wang.pk, reason="离职")
    assert changes(before) == {
        "registry_user": (0, 1),
        "registry_roleassignment": (0, 1),
        "registry_entry": (2, 0),
    }
    assert not person("wang").is_active
    assert queries.standing(person("wang")).role_set == frozenset()
    assert queries.live_token(secret) is None
    assert person("wang") not in queries.holders_of(Role.OWNER, "HO/")


def test_nobody_leaves_twice() -> None:
    people.deactivate(actor=person("admin"), user_id=person("wang").pk, reason="离职")
    with refused(Conflict, "already_inactive"):
        people.deactivate(actor=person("admin"), user_id=person("wang").pk, reason="离职")


# --- capabilities


def test_a_superuser_has_no_capability_of_governance() -> None:
    standing = queries.standing(superuser())
    assert [one for one in Capability if standing.may(one)] == []


@pytest.mark.parametrize("capability", sorted(Capability))
def test_a_button_exists_for_exactly_the_roles_that_it_is_granted_to(
    capability: Capability,
) -> None:
    may = {role for role in Role if Standing("x", frozenset({(role, "HO/")})).may(capability)}
    assert may == GRANTS[capability]


def test_a_machine_with_every_role_has_only_a_machines_buttons() -> None:
    machine = Standing("x", frozenset((role, "HO/") for role in Role), is_machine=True)
    assert {one for one in Capability if machine.may(one)} == MACHINE_CAPABILITIES
    decisions = {Capability.VOTE, Capability.PROMOTE, Capability.WAIVE, Capability.RESUME}
    assert not MACHINE_CAPABILITIES & decisions


def test_the_third_line_and_the_supervisor_write_nothing() -> None:
    reading = {
        Capability.READ,
        Capability.READ_TRAIL,
        Capability.EXPORT_LEDGER,
    }
    supervisor = Standing("x", frozenset({(Role.SUPERVISOR, "HO/")}))
    audit = Standing("x", frozenset({(Role.AUDIT, "HO/")}))
    assert {one for one in Capability if supervisor.may(one)} == reading
    assert {one for one in Capability if audit.may(one)} == reading | {
        Capability.RAISE_FINDING, Capability.REVIEW, Capability.PLAN_REVIEW,
    }  # fmt: skip


def test_every_role_has_its_line_of_defence() -> None:
    assert set(LINE_OF) == set(Role)
    assert queries.lines_of(person("sun").pk) == {Line.SECOND}
    assert queries.lines_of(person("admin").pk) == frozenset()


def test_require_names_the_missing_capability() -> None:
    with refused(Forbidden, "not_permitted") as caught:
        queries.require(person("li"), Capability.VALIDATE)
    assert caught.value.field == "validate"
    assert queries.require(person("zhao"), Capability.VALIDATE).has(Role.VALIDATOR)


@pytest.mark.parametrize(
    ("name", "paths", "expected"),
    [
        ("none", [], ()),
        ("one", ["HO/SH/"], ("HO/SH/",)),
        ("inside another", ["HO/SH/", "HO/"], ("HO/",)),
        ("beside each other", ["HO/SH/", "HO/BJ/"], ("HO/BJ/", "HO/SH/")),
        ("a name that begins alike", ["HO/SH/", "HO/SHX/"], ("HO/SH/", "HO/SHX/")),
    ],
)
def test_reach_keeps_the_outermost_entities(
    name: str, paths: list[str], expected: tuple[str, ...]
) -> None:
    standing = Standing("x", frozenset((Role.OWNER, path) for path in paths))
    assert tuple(sorted(standing.paths)) == expected


def test_holders_of_a_role_reach_down_the_tree_and_not_up() -> None:
    at_branch = queries.holders_of(Role.OWNER, "HO/SH/").values_list("username", flat=True)
    at_head_office = queries.holders_of(Role.OWNER, "HO/").values_list("username", flat=True)
    assert list(at_branch) == ["hai", "other", "wang"]
    assert list(at_head_office) == ["other", "wang"]


def test_what_may_not_be_seen_is_missing_like_what_does_not_exist() -> None:
    for key in (person("wang").pk, uuid.UUID(int=5), "no-key", None):
        with refused(NotFound, "not_found"):
            queries.get_or_refuse(User.objects.none(), key)


# --- tokens


def issue(
    user: User,
    actor: str,
    scopes: Sequence[str] = ("read",),
    days: float = 30,
) -> tuple[Token, str]:
    ends = clock.now() + dt.timedelta(days=days)
    return people.issue_token(
        actor=person(actor), user=user, name="笔记本", scopes=scopes, expires_at=ends
    )


def test_a_token_is_kept_as_a_digest_and_opens_its_owners_door() -> None:
    token, secret = issue(person("wang"), "wang", ["read", "classify", "read"])
    stored = Token.objects.get()
    assert stored.secret_digest == hashlib.sha256(secret.encode()).hexdigest()
    assert secret not in str(Token.objects.values())
    assert secret not in Entry.objects.order_by("-seq")[0].body
    assert stored.scopes == ["classify", "read"]
    assert queries.live_token(secret) == token
    assert queries.live_token(secret + "x") is None


def test_two_tokens_never_have_the_same_secret() -> None:
    _, first = issue(person("wang"), "wang")
    _, second = issue(person("wang"), "wang")
    assert first != second
    assert first.startswith("mc_")


def test_a_token_ends_on_the_second() -> None:
    with clock.at(NOON):
        _, secret = issue(person("wang"), "wang", days=1)
    with clock.at(NOON + dt.timedelta(days=1, seconds=-1)):
        assert queries.live_token(secret) is not None
    with clock.at(NOON + dt.timedelta(days=1)):
        assert queries.live_token(secret) is None


def test_a_revoked_token_opens_nothing() -> None:
    token, secret = issue(person("wang"), "wang")
    people.revoke_token(actor=person("wang"), token_id=token.pk)
    assert queries.live_token(secret) is None
    with refused(Conflict, "already_revoked"):
        people.revoke_token(actor=person("wang"), token_id=token.pk)


@pytest.mark.parametrize(
    ("name", "scopes", "days", "code"),
    [
        ("no scope", [], 30, "unknown_scope"),
        ("unknown scope", ["read", "fly"], 30, "unknown_scope"),
        ("ended already", ["read"], 0, "token_lifetime"),
        ("longer than a year", ["read"], 367, "token_lifetime"),
    ],
)
def test_a_token_is_bounded(name: str, scopes: list[str], days: float, code: str) -> None:
    with clock.at(NOON), refused(DomainError, code):
        issue(person("wang"), "wang", scopes, days)


def test_nobody_issues_a_token_for_somebody_else() -> None:
    with refused(Forbidden, "not_your_token"):
        issue(person("wang"), "admin")


def test_an_administrator_issues_a_machines_token() -> None:
    _, secret = issue(person("pipeline"), "admin", ["register_version"])
    found = queries.live_token(secret)
    assert found is not None
    assert found.user == person("pipeline")


def test_a_machine_issues_no_token_not_even_its_own() -> None:
    with refused(Forbidden, "not_your_token"):
        issue(person("pipeline"), "pipeline")


def test_a_token_begets_no_token() -> None:
    """Else a stolen one would outlive its revocation."""
    actor, ends = person("wang"), clock.now() + dt.timedelta(days=1)
    people.issue_token(actor=actor, user=actor, name="x", scopes=["read"], expires_at=ends)
    by_token = person("wang")
    queries.standing(by_token, scopes=frozenset({"read"}))
    with refused(Forbidden, "token_by_token"):
        people.issue_token(
            actor=by_token, user=by_token, name="y", scopes=["read"], expires_at=ends
        )
    admin = person("admin")
    queries.standing(admin, scopes=frozenset({"read", "manage_people"}))
    with refused(Forbidden, "wider_scope") as caught:
        people.issue_token(
            actor=admin, user=person("pipeline"), name="z", scopes=["stop", "read"], expires_at=ends
        )
    assert ("stop" in caught.value.message, "read" in caught.value.message) == (True, False)
    assert caught.value.hint


def test_a_token_without_the_scope_is_told_the_scope_not_the_role() -> None:
    """Only where the roles would do; a person without the role reads who has it."""
    for name, told in (("wang", "“classify”"), ("shen", "Your roles")):
        user = person(name)
        queries.standing(user, scopes=frozenset({"read"}))
        with translation.override("en"), refused(Forbidden, "not_permitted") as caught:
            queries.require(user, Capability.CLASSIFY)
        assert told in caught.value.message


def test_a_reset_password_revokes_the_persons_tokens() -> None:
    actor, ends = person("wang"), clock.now() + dt.timedelta(days=1)
    people.issue_token(actor=actor, user=actor, name="x", scopes=["read"], expires_at=ends)
    people.reset_password(
        actor=person("admin"), user_id=actor.pk, password="a-New-password-1", reason="遗忘"
    )
    assert Token.objects.get().revoked_at is not None


def test_scopes_narrow_what_a_person_may() -> None:
    wang = person("wang")
    standing = queries.standing(wang, scopes=frozenset({"read", "validate"}))
    assert {one for one in Capability if standing.may(one)} == {Capability.READ}


def test_one_sees_the_own_tokens_and_an_administrator_those_of_machines() -> None:
    own, _ = issue(person("wang"), "wang")
    machines, _ = issue(person("pipeline"), "admin")
    assert list(queries.visible_tokens(person("wang"))) == [own]
    assert list(queries.visible_tokens(person("admin"))) == [machines]


# --- step-up


def prove(user: User, *papers: str, password: str = PASSWORD) -> uuid.UUID:
    return people.step_up(user=user, password=password, subjects=papers).pk


def spend(user: User, proof: uuid.UUID | None, paper: str = PAPER) -> StepUpUse:
    return people.spend_step_up(user=user, step_up_id=proof, subject=paper)


def test_a_proof_is_spent_once_for_each_of_its_papers() -> None:
    sun = person("sun")
    proof = prove(sun, PAPER, OTHER_PAPER)
    spend(sun, proof, PAPER)
    spend(sun, proof, OTHER_PAPER)
    with refused(Forbidden, "step_up_needed"):
        spend(sun, proof, PAPER)
    assert StepUpUse.objects.count() == 2


ONE_FAILURE = {"registry_failedproof": (1, 0)}


def test_a_wrong_password_proves_nothing_and_is_counted() -> None:
    with refused(Forbidden, "step_up_failed", leaving=ONE_FAILURE):
        prove(person("sun"), PAPER, password="wrong")


def test_neither_a_machine_nor_somebody_who_has_left_proves_anything() -> None:
    people.deactivate(actor=person("admin"), user_id=person("lin").pk, reason="离职")
    for username, password in (("pipeline", "!"), ("lin", PASSWORD)):
        with refused(Forbidden, "step_up_failed", leaving=ONE_FAILURE):
            prove(person(username), PAPER, password=password)


@pytest.mark.parametrize(
    ("name", "wrong", "later", "open_again"),
    [
        ("four wrong passwords close nothing", 4, 0, True),
        ("five wrong passwords close it", 5, 0, False),
        ("for a quarter of an hour", 5, 900, False),
        ("and no longer", 5, 901, True),
    ],
)
def test_five_wrong_passwords_close_the_step_up_for_a_quarter_of_an_hour(
    name: str, wrong: int, later: int, open_again: bool
) -> None:
    with clock.at(NOON):
        for _ in range(wrong):
            with refused(Forbidden, "step_up_failed", leaving=ONE_FAILURE):
                prove(person("sun"), PAPER, password="wrong")
    with clock.at(NOON + dt.timedelta(seconds=later)):
        if open_again:
            prove(person("sun"), PAPER)
        else:
            with refused(DomainError, "too_many_attempts"):
                prove(person("sun"), PAPER)
        prove(person("qian"), PAPER)  # nobody else is shut out


@pytest.mark.parametrize(
    ("name", "later", "good"),
    [("just before fifteen minutes", 899, True), ("after fifteen minutes", 900, False)],
)
def test_a_proof_lasts_fifteen_minutes(name: str, later: int, good: bool) -> None:
    sun = person("sun")
    with clock.at(NOON):
        proof = prove(sun, PAPER)
    with clock.at(NOON + dt.timedelta(seconds=later)):
        if good:
            assert spend(sun, proof).subject == PAPER
        else:
            with refused(Forbidden, "step_up_needed"):
                spend(sun, proof)


def test_a_proof_is_worth_nothing_for_others_for_other_papers_and_when_missing() -> None:
    proof = prove(person("sun"), PAPER)
    for user, told, paper in (
        ("qian", proof, PAPER),
        ("sun", proof, OTHER_PAPER),
        ("sun", None, PAPER),
        ("sun", uuid.UUID(int=5), PAPER),
    ):
        with refused(Forbidden, "step_up_needed"):
            spend(person(user), told, paper)


# --- delegation and posts


def delegate(to: str = "chen", body: str = "", **dates: dt.date) -> Delegation:
    told = {"valid_from": day(0), "valid_to": day(5)} | dates
    with clock.at(NOON):
        row = people.delegate(
            actor=person("sun"), to=person(to), reason="出差", body_code=body, **told
        )
        return people.accept_delegation(actor=person(to), delegation_id=row.pk)


@pytest.mark.parametrize(
    ("name", "offset", "body", "stands_in"),
    [
        ("the day before", -1, "mrc", False),
        ("the first day", 0, "mrc", True),
        ("the last day", 5, "mrc", True),
        ("the day after", 6, "mrc", False),
        ("in another body", 0, "rmc", False),
    ],
)
def test_a_delegate_stands_in_between_the_days_in_the_body(
    name: str, offset: int, body: str, stands_in: bool
) -> None:
    delegate(body="mrc")
    with clock.at(NOON + dt.timedelta(days=offset)):
        found = queries.delegates_of(person("sun").pk, body)
    assert found == ([person("chen").pk] if stands_in else [])


def test_a_delegation_without_a_body_holds_in_all() -> None:
    delegate()
    with clock.at(NOON):
        assert queries.delegates_of(person("sun").pk, "rmc") == [person("chen").pk]


def test_a_delegation_is_not_passed_on() -> None:
    delegate()
    with clock.at(NOON):
        row = people.delegate(
            actor=person("chen"), to=person("lin"), reason="出差", valid_from=day(0),
            valid_to=day(5),
        )  # fmt: skip
        people.accept_delegation(actor=person("lin"), delegation_id=row.pk)
        assert queries.delegates_of(person("sun").pk, "mrc") == [person("chen").pk]


def test_somebody_who_left_stands_in_for_nobody() -> None:
    delegate()
    people.deactivate(actor=person("admin"), user_id=person("chen").pk, reason="离职")
    with clock.at(NOON):
        assert queries.delegates_of(person("sun").pk, "mrc") == []


def test_machines_vendor_staff_and_leavers_are_no_delegates() -> None:
    enrolled(is_vendor_staff=True)
    people.deactivate(actor=person("admin"), user_id=person("lin").pk, reason="离职")
    for username in ("pipeline", "fang", "lin"):
        with refused(DomainError, "delegate_unfit"):
            delegate(username)


def test_who_decides_nothing_does_not_stand_in() -> None:
    for username in ("shen", "jian", "admin", "wang"):
        with refused(DomainError, "delegate_decides_nothing"):
            delegate(username)


def test_one_person_stands_in_at_a_time() -> None:
    delegate(body="mrc")
    for body in ("mrc", ""):
        with refused(Conflict, "deputy_already"):
            delegate("lin", body)
    assert delegate("lin", "rmc").body_code == "rmc"


def test_only_who_is_to_stand_in_accepts_and_once() -> None:
    row = delegate()
    with refused(Forbidden, "not_yours"):
        people.accept_delegation(actor=person("sun"), delegation_id=row.pk)
    with refused(Conflict, "answered_already"):
        people.accept_delegation(actor=person("chen"), delegation_id=row.pk)


def test_who_stands_in_can_end_it_too() -> None:
    row = delegate()
    with refused(Forbidden, "not_yours"):
        people.revoke_delegation(actor=person("lin"), delegation_id=row.pk)
    assert people.revoke_delegation(actor=person("chen"), delegation_id=row.pk).revoked_at


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [(-400, -399, "in_the_past"), (0, 400, "delegation_too_long")],
)
def test_a_delegation_lies_ahead_and_lasts_a_year_at_most(first: int, last: int, code: str) -> None:
    with refused(DomainError, code):
        delegate(valid_from=day(first), valid_to=day(last))


def test_nobody_delegates_to_themselves_or_backwards_in_time() -> None:
    with refused(DomainError, "delegate_self"):
        delegate("sun")
    with refused(DomainError, "ends_before_it_begins"):
        delegate(valid_to=day(-1))


def test_what_has_ended_does_not_begin_again() -> None:
    """Else an ending would give people back what only others can give."""
    admin, chen = person("admin"), person("chen")
    row = people.assign_role(
        actor=admin, user=chen, role=Role.COMPLIANCE, entity=head_office(), valid_from=day(0)
    )
    people.end_role(actor=admin, assignment_id=row.pk, valid_to=day(3))
    people.end_role(actor=admin, assignment_id=row.pk, valid_to=day(2))
    for later in (day(3), dt.date.max):
        with refused(Conflict, "only_shortens"):
            people.end_role(actor=admin, assignment_id=row.pk, valid_to=later)
    with refused_by_database("MC020"), ledger.act(admin) as act:
        row.refresh_from_db()
        act.update(row, "role.ended", {"valid_to": None})


def test_the_password_of_somebody_without_a_role_is_head_offices_to_reset() -> None:
    """They may come to hold any role: a branch's administrator does not take them over."""
    admin, own = person("admin"), enrolled()
    boss = people.enrol(actor=admin, person=NewPerson("shboss", "分行管理员", PASSWORD))
    people.assign_role(actor=admin, user=boss, role=Role.ADMINISTRATOR, entity=branch())
    with refused(Forbidden, "entity_out_of_reach"):
        people.reset_password(
            actor=person("shboss"), user_id=own.pk, password="a-New-password-1", reason="遗忘"
        )


def post() -> Post:
    admin = person("admin")
    department = people.open_department(
        actor=admin, code="MRM", name_zh="模型部", name_en="", entity=branch()
    )
    return people.create_post(
        actor=admin, code="MRM-1", title_zh="负责人", title_en="", department=department
    )


def test_a_post_has_one_holder_at_a_time() -> None:
    admin, row = person("admin"), post()
    people.hold_post(actor=admin, post=row, user=person("sun"), valid_from=day(-9), valid_to=day(0))
    with refused(Conflict, "post_held"):
        people.hold_post(actor=admin, post=row, user=person("chen"), valid_from=day(0))
    with refused_by_database("23P01"), ledger.act(admin) as act:  # whatever Python says
        act.create(
            PostHolding(post=row, user=person("chen"), valid_from=day(0), valid_to=None),
            "post.held",
        )
    people.hold_post(actor=admin, post=row, user=person("chen"), valid_from=day(1))
    for offset, username in ((0, "sun"), (1, "chen")):
        with clock.at(NOON + dt.timedelta(days=offset)):
            assert queries.holder_of_post(row.pk) == person(username)
    with clock.at(NOON - dt.timedelta(days=30)):
        assert queries.holder_of_post(row.pk) is None


def test_everybody_of_the_world_is_here_once() -> None:
    assert User.objects.count() == len(PEOPLE) + 4  # the system, two administrators, a machine


def test_an_administrator_changes_where_somebodys_mails_go() -> None:
    row = enrolled()
    people.change_email(actor=person("admin"), user_id=row.pk, email="fang@bank.example")
    row.refresh_from_db()
    assert row.email == "fang@bank.example"
    with refused(Forbidden, "not_permitted"):
        people.change_email(actor=person("wang"), user_id=row.pk, email="x@evil.example")
    with refused(DomainError, "no_person"):
        people.change_email(
            actor=person("admin"), user_id=person("pipeline").pk, email="x@bank.example"
        )
