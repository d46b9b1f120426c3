"""A stop in error is lifted quickly by two officers, and ratified afterwards."""

from __future__ import annotations

import pytest

from governance.suspensions import services as suspensions
from governance.suspensions.models import Order
from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden, SegregationRefused
from registry.core.ledger import services as ledger
from registry.core.notices.models import Notice
from registry.core.people import services as people
from registry.core.people.rules import Role
from tests import story
from tests.governance.suspensions.test_wider import MENDED
from tests.refusals import changes, footprint, refused, refused_by_database
from tests.rest.calling import caller
from tests.world import head_office, person

pytestmark = pytest.mark.django_db


def stopped(kind: str = "stop") -> Order:
    release = story.register().release
    return suspensions.order(
        actor=person("luo" if kind == "stop" else "qian"), kind=kind, target_type="release",
        target_id=release.pk, reason="误报",
    )  # fmt: skip


def resume(row: Order, username: str, *, false_alarm: bool = False) -> Order:
    return suspensions.resume(
        actor=person(username), order_id=row.pk, reason=MENDED, is_false_alarm=false_alarm
    )


def ratify(row: Order, username: str = "mi", resolution: str = "MRC 2026-014") -> Order:
    return suspensions.ratify(actor=person(username), order_id=row.pk, resolution=resolution)


@pytest.mark.parametrize("said", [(True, False), (False, True), (True, True)])
def test_either_officer_calls_it_a_false_alarm_and_the_secretary_is_told(
    said: tuple[bool, bool],
) -> None:
    row = stopped()
    resume(row, "chen", false_alarm=said[0])
    done = resume(row, "gao", false_alarm=said[1])
    assert (done.state, done.is_false_alarm, done.ratified_at) == ("lifted", True, None)
    notice = Notice.objects.get(kind="order.to_ratify")
    assert (notice.user, notice.is_task) == (person("mi"), True)
    before = footprint()
    ratified = ratify(row)
    assert changes(before) == {"governance_order": (0, 1), "registry_entry": (1, 0)}
    assert (ratified.ratified_by, ratified.ratified_under) == (person("mi"), "MRC 2026-014")
    notice.refresh_from_db()
    assert notice.settled_at is not None
    with refused(Conflict, "ratified_already"):
        ratify(row)


def test_an_ordinary_lifting_is_not_ratified() -> None:
    row = stopped()
    resume(row, "chen")
    with refused(Conflict, "nothing_to_ratify"):
        ratify(row)
    resume(row, "gao")
    assert not Notice.objects.filter(kind="order.to_ratify").exists()
    with refused(Conflict, "nothing_to_ratify"):
        ratify(row)


def test_who_ratifies_and_who_does_not() -> None:
    row = stopped()
    resume(row, "gao", false_alarm=True)
    resume(row, "chen")
    with refused(SegregationRefused, "own_word"):
        ratify(row, "gao")
    with refused(Forbidden, "not_permitted"):
        ratify(row, "sun")
    with refused(DomainError, "resolution_missing"):
        ratify(row, resolution=" ")
    people.assign_role(
        actor=person("admin"), user=person("sun"), role=Role.CRO, entity=head_office()
    )
    assert ratify(row, "sun").ratified_by == person("sun")


def test_a_restriction_is_no_false_alarm() -> None:
    row = stopped("restrict")
    with refused(DomainError, "no_stop"):
        resume(row, "chen", false_alarm=True)


def test_the_database_refuses_a_ratification_by_the_officers_themselves() -> None:
    row = stopped()
    resume(row, "chen", false_alarm=True)
    row = resume(row, "gao")
    with refused_by_database("23514"), ledger.act(person("gao")) as act:
        told = {
            "ratified_at": clock.now(),
            "ratified_by": person("gao"),
            "ratified_under": "MRC 1",
        }
        act.update(row, "order.ratified", told)


def test_the_doors() -> None:
    row = stopped()
    for username in ("chen", "gao"):
        told = {"reason": MENDED, "is_false_alarm": True}
        assert caller(username).post(f"/orders/{row.pk}/resumptions/", told).status_code == 201
    path = f"/orders/{row.pk}/ratifications/"
    done = caller("mi").post(path, {"resolution": "MRC 2026-014"})
    assert (done.status_code, done.json()["ratified_under"]) == (201, "MRC 2026-014")
