"""Who may press which button, for every address and every role."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from registry.core import clock
from registry.core.ledger import services as ledger
from registry.core.people import services as people
from registry.core.people.rules import GRANTS, MACHINE_CAPABILITIES, Capability, Role, Standing
from registry.core.people.services import NewPerson
from tests.rest.actions import actions, views
from tests.rest.calling import Caller, caller, machine, problem, secret_of
from tests.world import PASSWORD, head_office, person

pytestmark = pytest.mark.django_db
PEOPLE_ROLES = [role for role in Role if role is not Role.PIPELINE]
BESIDES = {"POST /approvals/{id}/votes/": ("vote",)}  # what a token needs beside the capability
DOCUMENTATION = {"/schema/", "/docs/"}


def only(role: Role) -> Caller:
    """A person who holds this role alone, for the whole institution."""
    admin = person("admin")
    user = people.enrol(actor=admin, person=NewPerson(f"only_{role.value}", "某某", PASSWORD))
    people.assign_role(actor=admin, user=user, role=role, entity=head_office())
    return Caller(secret_of(user))


def pressed(who: Caller) -> dict[str, bool]:
    """For every action, whether the button existed for the caller."""
    answers = {}
    for action in actions():
        response = action.call(who)
        assert response.status_code < 500, action.label
        assert response.status_code != 401, action.label
        refused = response.status_code == 403
        answers[action.label] = not refused
        if refused:
            body = problem(response, 403, "not_permitted")
            assert action.capability is not None
            needed = BESIDES.get(action.label, ()) + (action.capability.value,)
            assert body["field"] in needed, action.label
    return answers


def expected(*capabilities: Capability) -> dict[str, bool]:
    """What `pressed` answers for somebody with these capabilities."""
    return {action.label: action.capability in capabilities for action in actions()}


def test_every_address_of_the_api_is_a_door_or_the_documentation() -> None:
    others = [path for path, view in views() if not hasattr(view, "actions")]
    assert set(others) == DOCUMENTATION


def test_the_walk_finds_the_whole_api() -> None:
    labels = [action.label for action in actions()]
    assert len(labels) == len(set(labels))
    assert {"POST /registrations/", "GET /models/{id}/", "POST /approvals/{id}/votes/"} <= set(
        labels
    )
    assert len(labels) > 80


def test_every_action_declares_a_capability() -> None:
    assert [action.label for action in actions() if action.capability is None] == []


def test_no_door_declares_a_capability_for_an_action_that_has_no_address() -> None:
    doors = {action.door for action in actions()}
    reachable = {(action.door, action.name) for action in actions()}
    declared = {(door, name) for door in doors for name in door.capabilities}
    assert declared - reachable == set()


@pytest.mark.parametrize("role", PEOPLE_ROLES, ids=lambda role: role.value)
def test_a_role_opens_exactly_the_doors_that_it_is_granted(role: Role) -> None:
    granted = [capability for capability in Capability if role in GRANTS[capability]]
    assert pressed(only(role)) == expected(*granted)


def test_a_machine_has_the_buttons_of_machines_alone() -> None:
    granted = [
        capability for capability in MACHINE_CAPABILITIES if Role.PIPELINE in GRANTS[capability]
    ]
    assert pressed(machine()) == expected(*granted)


def test_a_machine_with_every_role_still_has_the_buttons_of_machines_alone() -> None:
    every = frozenset((role, "HO/") for role in Role)
    standing = Standing(user_id="", roles=every, is_machine=True)
    assert {one for one in Capability if standing.may(one)} == MACHINE_CAPABILITIES


SCOPES = ("read", "register", "promote", "vote", "validate", "override_grade", "stop")


@pytest.mark.parametrize("scope", [Capability(scope) for scope in SCOPES])
def test_a_token_opens_no_more_than_its_scopes(scope: Capability) -> None:
    holder = "sun" if Role.MODEL_RISK_HEAD in GRANTS[scope] else "wang"
    may = Role.MODEL_RISK_HEAD in GRANTS[scope] or Role.OWNER in GRANTS[scope]
    opened = expected(scope) if may else expected()
    opened["POST /approvals/{id}/votes/"] = False  # needs to read and to vote
    assert pressed(caller(holder, scope.value)) == opened


def test_anonymous_callers_are_asked_to_sign_in_everywhere() -> None:
    for action in actions():
        response = action.call(Caller())
        problem(response, 401, "not_signed_in")
        assert response["WWW-Authenticate"] == 'Bearer realm="mingce"'


def test_the_public_keys_of_permits_are_for_everybody() -> None:
    """Whoever verifies a permit has no account here; a wrong token hinders nobody either."""
    for who in (Client(), Client(headers={"Authorization": "Bearer mc_unknown"})):
        found = who.get("/.well-known/mingce-permits.jwks.json")
        assert (found.status_code, [one["kty"] for one in found.json()["keys"]]) == (200, ["EC"])


@pytest.mark.parametrize("path", sorted(DOCUMENTATION))
def test_the_documentation_is_for_those_who_signed_in(path: str) -> None:
    problem(Caller().get(path), 401, "not_signed_in")
    assert caller("shen").get(path).status_code == 200


def test_a_browser_is_led_from_the_documentation_to_the_login() -> None:
    answer = Client().get("/api/v1/docs/", headers={"Accept": "text/html,*/*"})
    assert (answer.status_code, answer["Location"]) == (302, "/admin/login/?next=/api/v1/docs/")


def test_an_unknown_token_is_refused_everywhere() -> None:
    for action in actions():
        problem(action.call(Caller("mc_unknown")), 401, "not_signed_in")


def test_being_superuser_opens_nothing() -> None:
    admin = person("admin")
    user = people.enrol(actor=admin, person=NewPerson("root", "超级", PASSWORD))
    with ledger.act(admin) as act:
        act.update(user, "person.made_superuser", {"is_superuser": True})
    assert pressed(Caller(secret_of(user))) == expected()


def test_a_role_that_has_ended_opens_nothing() -> None:
    admin = person("admin")
    user = people.enrol(actor=admin, person=NewPerson("former", "转岗", PASSWORD))
    people.assign_role(
        actor=admin, user=user, role=Role.CRO, entity=head_office(),
        valid_from=dt.date(2020, 1, 1), valid_to=dt.date(2020, 12, 31),
    )  # fmt: skip
    assert pressed(Caller(secret_of(user))) == expected()


def test_a_leaver_is_not_signed_in_any_more() -> None:
    leaver = caller("gao")
    assert leaver.get("/me/").status_code == 200
    people.deactivate(actor=person("admin"), user_id=person("gao").pk, reason="离职")
    problem(leaver.get("/me/"), 401, "not_signed_in")


@pytest.mark.parametrize(("kind", "needed"), [("stop", "stop"), ("restrict", "restrict")])
def test_an_order_needs_the_capability_of_its_kind(kind: str, needed: str) -> None:
    order = {"kind": kind, "target_type": "model", "target_id": head_office().pk, "reason": "某因"}
    body = problem(only(Role.AUDIT).post("/orders/", _text(order)), 403, "not_permitted")
    assert body["field"] == needed


def test_a_token_for_somebody_else_needs_the_capability_to_manage_people() -> None:
    machine_account = person("pipeline")
    body = {
        "user": str(machine_account.pk),
        "name": "ci",
        "scopes": ["read"],
        "expires_at": (clock.now() + dt.timedelta(days=1)).isoformat(),
    }
    problem(caller("sun").post("/tokens/", body), 403, "not_permitted")


def _text(body: dict[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in body.items()}
