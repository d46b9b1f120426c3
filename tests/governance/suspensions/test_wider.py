"""Orders about a vendor, a base model or an entity: who gives them, what they reach."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.suspensions import queries
from governance.suspensions import services as suspensions
from governance.suspensions.models import Order
from governance.suspensions.queries import Target, targets
from registry.catalogue import services as catalogue
from registry.catalogue.services import NewVersion
from registry.core.errors import Conflict, DomainError, Forbidden, NotFound, SegregationRefused
from registry.core.people import services as people
from registry.core.people.models import LegalEntity, User
from registry.core.people.queries import system
from registry.core.people.rules import Role
from registry.core.people.services import NewPerson
from registry.registration import services as registration
from registry.releases.models import Release
from tests import story
from tests.refusals import changes, footprint, refused, refused_by_database
from tests.world import PASSWORD, head_office, person

pytestmark = pytest.mark.django_db
WHY = "供应商通报存在严重缺陷"
MENDED = "供应商已修复,复测通过"


def branch() -> LegalEntity:
    return LegalEntity.objects.get(code="SH")


def built_on(told: story.Story, **manifest: Any) -> Release:
    """A further release of the model, whose version names what the manifest says."""
    mark = hashlib.sha256(repr(manifest).encode()).hexdigest()
    version = catalogue.register_version(
        actor=person("li"), model=told.registered.model,
        version=NewVersion(
            label=mark[:8], identity_kind="artifact", digest=mark, manifest=manifest
        ),
    )  # fmt: skip
    return registration.open_release(actor=person("wang"), use=told.registered.use, version=version)


def order(by: str = "luo", kind: str = "stop", **target: Any) -> Order:
    return suspensions.order(actor=person(by), kind=kind, reason=WHY, **target)


def used_by_branch(told: story.Story) -> Release:
    """The branch's release of head office's model."""
    return registration.add_use(
        actor=person("hai"), model=told.registered.model, use_case=told.registered.use_case,
        using_entity=branch(), inputs=story.inputs(story.E01),
    )[1]  # fmt: skip


def branch_officer() -> User:
    """Somebody on duty in the branch alone."""
    admin = person("admin")
    user = people.enrol(actor=admin, person=NewPerson("ban", "班值守", PASSWORD))
    people.assign_role(actor=admin, user=user, role=Role.DUTY_OFFICER, entity=branch())
    return user


@pytest.mark.parametrize("kind", ["vendor", "base_model"])
def test_a_stop_by_name_reaches_every_release_whose_version_names_it(kind: str) -> None:
    told = story.register()
    hit = built_on(told, **{kind: " Qwen-Max "})
    missed = built_on(told, **{kind: "Qwen-Max 2"})
    before = footprint()
    row = order(target_type=kind, target_key="  QWEN-max ")
    assert changes(before) == {"governance_order": (1, 1), "registry_entry": (1, 0)}
    assert (row.target_id, row.target_key) == (None, "QWEN-max")
    assert [queries.is_stopped(one) for one in (hit, missed, told.release)] == [True, False, False]
    assert list(queries.about_release(hit)) == [row]
    for username in ("chen", "gao"):
        suspensions.resume(actor=person(username), order_id=row.pk, reason=MENDED)
    assert not queries.is_stopped(hit)


def test_a_stop_of_an_entity_reaches_the_uses_in_it_and_below_and_no_others() -> None:
    told = story.register()
    of_branch = used_by_branch(told)
    row = order(target_type="entity", target_id=branch().pk)
    assert queries.in_force(of_branch) == [row]
    assert queries.in_force(told.release) == []
    everywhere = order(target_type="entity", target_id=head_office().pk)
    assert set(queries.in_force(of_branch)) == {row, everywhere}
    assert queries.in_force(told.release) == [everywhere]


def test_the_orders_of_many_releases_are_read_in_two_statements() -> None:
    told = story.register()
    found = [told.release, built_on(told, vendor="甲"), built_on(told, base_model="乙")]
    rows = [
        order(target_type="vendor", target_key="甲"),
        order(target_type="base_model", target_key="乙"),
        order("chen", "restrict", target_type="model", target_id=told.registered.model.pk),
        order(target_type="entity", target_id=head_office().pk),
    ]
    with CaptureQueriesContext(connection) as asked:
        told_of = queries.orders_for([*found[:2], found[2].pk])
    assert len(asked) == 2
    kept = {key: {one.pk for one in orders} for key, orders in told_of.items()}
    shared = {rows[2].pk, rows[3].pk}
    assert kept == {
        found[0].pk: shared, found[1].pk: shared | {rows[0].pk}, found[2].pk: shared | {rows[1].pk},
    }  # fmt: skip
    assert [one.kind for one in told_of[found[1].pk]] == ["stop", "stop", "restrict"]
    assert queries.orders_for([]) == {}


@pytest.mark.parametrize(
    ("name", "target", "kind", "code"),
    [
        ("a vendor nobody names", {"target_type": "vendor", "target_key": "丙"}, NotFound,
         "not_found"),
        ("a base model nobody names", {"target_type": "base_model", "target_key": "x"}, NotFound,
         "not_found"),
        ("no entity", {"target_type": "entity", "target_id": uuid.UUID(int=9)}, NotFound,
         "not_found"),
        ("a vendor by key", {"target_type": "vendor", "target_id": uuid.UUID(int=9)}, DomainError,
         "target_unclear"),
        ("a vendor by nothing", {"target_type": "vendor", "target_key": "  "}, NotFound,
         "not_found"),
        ("a model by name", {"target_type": "model", "target_key": "甲"}, DomainError,
         "target_unclear"),
        ("a model by nothing", {"target_type": "model"}, DomainError, "target_unclear"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_stopped(
    name: str, target: dict[str, Any], kind: type[DomainError], code: str
) -> None:
    built_on(story.register(), vendor="甲")
    with refused(kind, code):
        order(**target)


def test_a_vendor_is_stopped_for_the_whole_institution_an_entity_where_one_reaches() -> None:
    told = story.register()
    built_on(told, vendor="甲")
    used_by_branch(told)
    officer = branch_officer()

    def stop(**target: Any) -> Order:
        return suspensions.order(actor=officer, kind="stop", reason=WHY, **target)

    with refused(Forbidden, "entity_out_of_reach"):
        stop(target_type="vendor", target_key="甲")
    with refused(Forbidden, "entity_out_of_reach"):
        stop(target_type="entity", target_id=head_office().pk)
    with refused(Forbidden, "not_permitted"):
        order("wang", target_type="vendor", target_key="甲")
    assert stop(target_type="entity", target_id=branch().pk).state == "in_force"


def test_the_system_stops_by_itself() -> None:
    release = built_on(story.register(), vendor="甲")
    suspensions.order(
        actor=system(), kind="stop", target_type="vendor", target_key="甲", reason=WHY
    )
    assert queries.is_stopped(release)


def test_the_same_name_is_not_stopped_twice_however_it_is_written() -> None:
    built_on(story.register(), vendor="Acme")
    order(target_type="vendor", target_key="ACME")
    with refused(Conflict, "stopped_already"):
        order("sun", target_type="vendor", target_key="acme")


def test_nobody_who_owns_or_built_anything_that_it_reaches_resumes_it() -> None:
    admin = person("admin")
    for username in ("wang", "li"):
        people.assign_role(actor=admin, user=person(username), role=Role.CRO, entity=head_office())
    built_on(story.register(), vendor="甲")
    rows = [
        order(target_type="vendor", target_key="甲"),
        order(target_type="entity", target_id=head_office().pk),
    ]
    for row in rows:
        for username in ("wang", "li"):
            with refused(SegregationRefused, "own_model"):
                suspensions.resume(actor=person(username), order_id=row.pk, reason=MENDED)


def test_who_sees_a_wider_order() -> None:
    told = story.register()
    built_on(told, vendor="甲")
    used_by_branch(told)
    secret = story.register(name="保密模型", is_confidential=True)
    built_on(secret, vendor="密")
    of_vendor = order(target_type="vendor", target_key="甲")
    of_secret = order(target_type="vendor", target_key="密")
    of_branch = order(target_type="entity", target_id=branch().pk)
    seen = {
        username: set(queries.visible_to(person(username)))
        for username in ("luo", "sun", "wang", "hai")
    }
    assert seen == {
        "luo": {of_vendor, of_secret, of_branch},  # gave them
        "sun": {of_vendor, of_branch},
        "wang": {of_vendor, of_secret, of_branch},
        "hai": {of_vendor, of_branch},
    }
    with pytest.raises(NotFound):
        queries.check_target(person("sun"), Target("vendor", name="密"))
    assert queries.names_in_use(person("sun"), "vendor") == ["甲"]


def test_the_uses_affected_are_those_that_the_person_may_see() -> None:
    told = story.register()
    built_on(told, vendor="甲")
    built_on(story.register(name="保密模型", is_confidential=True), vendor="甲")
    target = Target("vendor", name="甲")
    assert queries.affected_uses(person("sun"), target, 5) == ([told.registered.use], 1)
    assert queries.affected_uses(person("wang"), target, 1)[1] == 2


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("a vendor by key", {"target_type": "vendor", "target_id": uuid.UUID(int=9)}),
        ("a vendor by nothing", {"target_type": "vendor", "target_id": None}),
        ("a model by name", {"target_type": "model", "target_id": None, "target_key": "甲"}),
    ],
)
def test_the_database_keeps_row_and_name_apart(name: str, told: dict[str, Any]) -> None:
    release = story.register().release
    made = order(target_type="release", target_id=release.pk)
    row = Order(
        kind="stop", reason=WHY, ordered_by=made.ordered_by, ordered_at=made.ordered_at, **told
    )
    with refused_by_database("23514"):
        row.save()


def test_what_an_order_is_about_stays() -> None:
    built_on(story.register(), vendor="甲")
    row = order(target_type="vendor", target_key="甲")
    for change in ({"target_key": "乙"}, {"is_drill": True}):
        with refused_by_database("MC005"):
            for name, value in change.items():
                setattr(row, name, value)
            row.row_version += 1
            row.save()
        row = Order.objects.get()


@pytest.mark.parametrize("kind", ["vendor", "base_model"])
def test_a_name_is_found_by_index(kind: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert f"version_by_{kind}" in targets.naming(kind, "甲").order_by().explain()
