"""Stop and restrict at once, by one person; resume by others."""

from __future__ import annotations

import uuid

import pytest

from governance.lifecycle import queries as lifecycle
from governance.suspensions import queries
from governance.suspensions import services as suspensions
from governance.suspensions.models import Order
from registry.core.errors import Conflict, DomainError, Forbidden, NotFound, SegregationRefused
from registry.core.ledger import services as ledger
from registry.core.people import services as people
from registry.core.people.models import User
from registry.core.people.rules import Role
from registry.releases.models import Release
from tests import story
from tests.refusals import changes, footprint, refused, refused_by_database
from tests.world import head_office, person

pytestmark = pytest.mark.django_db
MENDED = "数据源故障已修复并复测通过"


def targets(told: story.Story) -> dict[str, uuid.UUID]:
    return {
        "release": told.release.pk,
        "version": told.version.pk,
        "model_use": told.registered.use.pk,
        "model": told.registered.model.pk,
    }


def order(
    target_type: str = "release",
    target_id: uuid.UUID | None = None,
    kind: str = "stop",
    by: str = "luo",
    reason: str = "误拒率异常",
) -> Order:
    return suspensions.order(
        actor=person(by),
        kind=kind,
        target_type=target_type,
        target_id=target_id or Release.objects.get().pk,
        reason=reason,
    )


def resume(row: Order, *officers: str, reason: str = MENDED) -> Order:
    """Each officer in turn says that it may go on."""
    for username in officers or ("chen", "gao"):
        row = suspensions.resume(actor=person(username), order_id=row.pk, reason=reason)
    return row


def stopped(release: Release) -> list[str]:
    """What the gate says, not what the slice says."""
    return list(lifecycle.gate_of(Release.objects.get(pk=release.pk), "S5").stopped)


@pytest.mark.parametrize("target_type", ["release", "version", "model_use", "model"])
def test_a_stop_of_anything_above_the_release_is_seen_by_the_gate_at_once(
    target_type: str,
) -> None:
    told = story.register()
    assert stopped(told.release) == []
    before = footprint()
    row = order(target_type, targets(told)[target_type])
    assert changes(before) == {"governance_order": (1, 1), "registry_entry": (1, 0)}
    assert stopped(told.release) == [str(row.pk)]
    assert queries.is_stopped(told.release)
    resume(row)
    assert stopped(told.release) == []
    assert not queries.is_stopped(told.release)


def test_a_stop_of_something_else_leaves_the_release_alone() -> None:
    told, other = story.register(), story.register(name="另一个模型")
    for target_type, key in targets(other).items():
        order(target_type, key)
    assert stopped(told.release) == []
    assert len(stopped(other.release)) == 4


def test_a_restriction_is_in_force_and_shuts_no_gate() -> None:
    release = story.register().release
    row = order(kind="restrict", by="qian")
    assert queries.in_force(release) == [row]
    assert (queries.is_stopped(release), stopped(release)) == (False, [])


def test_stops_are_named_before_restrictions() -> None:
    release = story.register().release
    restriction = order(kind="restrict", by="qian")
    stop = order()
    assert queries.in_force(release) == [stop, restriction]


@pytest.mark.parametrize(
    ("name", "change", "kind", "code"),
    [
        ("no such order", {"kind": "pause"}, DomainError, "unknown_order"),
        ("no such kind of target", {"target_type": "planet"}, DomainError, "unknown_target"),
        ("no such thing", {"target_id": uuid.UUID(int=5)}, NotFound, "not_found"),
        ("no reason", {"reason": " 停 "}, DomainError, "reason_needed"),
    ],
)
def test_an_order_about_nothing_is_refused(
    name: str, change: dict[str, str], kind: type[DomainError], code: str
) -> None:
    release = story.register().release
    told = {
        "kind": "stop",
        "target_type": "release",
        "target_id": release.pk,
        "reason": "误拒率异常",
    } | change
    with refused(kind, code):
        suspensions.order(actor=person("luo"), **told)  # type: ignore[arg-type]  # a table


def test_a_stop_is_resumed_by_two_others_each_by_their_own_word() -> None:
    release = story.register().release
    row = order()
    for username, still_stopped in (("chen", True), ("gao", False)):
        before = footprint()
        resume(row, username)
        assert changes(before) == {"governance_order": (0, 1), "registry_entry": (1, 0)}
        assert queries.is_stopped(release) is still_stopped
    done = Order.objects.get()
    assert (done.state, done.lifted_by, done.confirmed_by, done.lift_reason) == (
        "lifted",
        person("chen"),
        person("gao"),
        f"{MENDED}\n{MENDED}",
    )


@pytest.mark.parametrize(
    ("name", "first", "last", "kind", "code"),
    [
        ("by its giver", (), "sun", SegregationRefused, "own_order"),
        ("with its giver as the second", ("chen",), "sun", SegregationRefused, "own_order"),
        ("with oneself as the second", ("chen",), "chen", Conflict, "second_officer"),
        ("with somebody who may not resume", ("chen",), "wang", Forbidden, "not_permitted"),
        ("with a machine", ("chen",), "pipeline", Forbidden, "not_permitted"),
    ],
)
def test_a_stop_is_not_resumed(
    name: str, first: tuple[str, ...], last: str, kind: type[DomainError], code: str
) -> None:
    release = story.register().release
    row = order(by="sun")
    if first:
        resume(row, *first)
    with refused(kind, code):
        resume(row, last)
    assert queries.is_stopped(release)


def superuser() -> User:
    root = User(username="root", name="技术管理员", is_superuser=True, password="!")
    with ledger.act(person("admin")) as act:
        act.create(root, "person.enrolled")
    people.assign_role(actor=person("admin"), user=root, role=Role.CRO, entity=head_office())
    return root


def test_a_superuser_takes_no_part_in_resuming() -> None:
    story.register()
    superuser()
    row = order()
    with refused(SegregationRefused, "own_order"):
        resume(row, "root")
    resume(row, "chen")
    with refused(SegregationRefused, "own_order"):
        resume(row, "root")


def test_somebody_who_has_left_is_no_second_officer() -> None:
    story.register()
    row = order()
    resume(row, "chen")
    people.deactivate(actor=person("admin"), user_id=person("gao").pk, reason="离职")
    with refused(Forbidden, "not_permitted"):
        resume(row, "gao")


def test_a_restriction_is_lifted_by_one_other() -> None:
    story.register()
    row = order(kind="restrict", by="qian")
    with refused(SegregationRefused, "own_order"):
        resume(row, "qian")
    assert resume(row, "chen").state == "lifted"


def test_resuming_states_the_root_cause() -> None:
    story.register()
    row = order()
    with refused(DomainError, "reason_needed"):
        resume(row, reason="好了")


def test_an_order_is_lifted_once() -> None:
    story.register()
    row = order()
    resume(row)
    with refused(Conflict, "already_lifted"):
        resume(row, "sun")


def test_of_two_stops_each_must_be_lifted() -> None:
    told = story.register()
    first, second = order(), order("model", told.registered.model.pk, by="gao")
    resume(first)
    assert stopped(told.release) == [str(second.pk)]
    resume(second, "chen", "sun")
    assert stopped(told.release) == []


@pytest.mark.parametrize(
    ("name", "lifted_by", "confirmed_by"),
    [
        ("by its giver", "luo", "gao"),
        ("confirmed by its giver", "chen", "luo"),
        ("by one person twice", "chen", "chen"),
    ],
)
def test_the_database_refuses_a_lifting_by_the_wrong_people(
    name: str, lifted_by: str, confirmed_by: str
) -> None:
    story.register()
    row = order()
    with refused_by_database("23514"), ledger.act(person("chen")) as act:
        told = {
            "state": "lifted",
            "lifted_by": person(lifted_by),
            "confirmed_by": person(confirmed_by),
            "lifted_at": row.ordered_at,
            "lift_reason": MENDED,
        }
        act.update(row, "order.lifted", told)


def test_the_database_refuses_to_put_a_lifted_order_in_force_again() -> None:
    story.register()
    row = order()
    resume(row)
    with refused_by_database("MC007"), ledger.act(person("chen")) as act:
        told = {"state": "in_force", "lifted_by": None, "lifted_at": None}
        act.update(Order.objects.get(), "order.renewed", told)


@pytest.mark.parametrize("named", ["name", "username"])
def test_whoever_gave_it_over_the_telephone_takes_no_part_in_resuming(named: str) -> None:
    release = story.register().release
    row = suspensions.order(
        actor=person("luo"), kind="stop", target_type="release", target_id=release.pk,
        reason="误拒率异常", given_by=f" {getattr(person('chen'), named).upper()} ",
    )  # fmt: skip
    with refused(SegregationRefused, "own_order"):
        suspensions.resume(actor=person("chen"), order_id=row.pk, reason=MENDED)


@pytest.mark.parametrize("field", ["given_by", "limits"])
def test_the_database_keeps_what_the_order_said(field: str) -> None:
    release = story.register().release
    row = suspensions.order(
        actor=person("qian"), kind="restrict", target_type="release", target_id=release.pk,
        reason="误拒率异常", limits="仅限存量客户", given_by="高远",
    )  # fmt: skip
    with refused_by_database("MC005"), ledger.act(person("chen")) as act:
        act.update(row, "order.corrected", {field: "另一说法"})
