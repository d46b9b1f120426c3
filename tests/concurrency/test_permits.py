"""A permit and a stop of the same moment; two who answer, revoke or rotate at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections, transaction

from governance.permits import services
from governance.permits.models import BreakGlass, Permit
from governance.permits.services import issuing, listing
from governance.suspensions import services as suspensions
from governance.suspensions.models import Order
from registry.core.dispatch import services as dispatch
from registry.core.errors import Conflict
from registry.core.people import services as people
from registry.releases.models import Release
from tests import conftest, story
from tests.concurrency.conftest import codes, together
from tests.concurrency.test_stopping import _until_somebody_waits
from tests.governance.permits.asking import issue, revoked
from tests.world import PASSWORD, person


@pytest.fixture(scope="session")
def ready(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """The world with a release in production."""
    name = "mingce_ready_" + conftest.RUN
    with django_db_blocker.unblock():
        connections.close_all()
        conftest.clone(conftest.WORLD, name)
        conftest.use_database(name)
        story.to_production(story.register())
        connections.close_all()
        conftest.use_database(conftest.MAIN)
    yield name
    conftest.drop(name)


@pytest.fixture
def production(
    ready: str, django_db_blocker: Any, tmp_path: Path, settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Release]:  # fmt: skip
    """The release, in a database in which commits are real, with keys of the test's own."""
    settings.PERMIT_KEY_FOLDER = tmp_path / "keys"
    monkeypatch.setattr(listing, "_made", {})
    name = f"{ready}_copy"
    with django_db_blocker.unblock():
        connections.close_all()
        conftest.clone(ready, name)
        conftest.use_database(name)
        try:
            yield Release.objects.select_related("version").get()
        finally:
            connections.close_all()
            conftest.use_database(conftest.MAIN)
            conftest.drop(name)


def stop(release: Release) -> Order:
    return suspensions.order(
        actor=person("luo"), kind="stop", target_type="release", target_id=release.pk,
        reason="误拒率异常",
    )  # fmt: skip


def test_a_permit_that_began_before_a_stop_is_ended_by_it_at_once(
    production: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stop waits for the permit, and when it has returned the list says so."""
    holds, events = threading.Event(), []
    real = issuing._drawn_up

    def slowly(*told: Any) -> Permit:
        holds.set()
        _until_somebody_waits()
        events.append("permitted")
        return real(*told)

    monkeypatch.setattr(issuing, "_drawn_up", slowly)

    def stopping() -> list[str]:
        assert holds.wait(timeout=20)
        stop(production)
        events.append("stopped")
        return revoked()

    permit, listed = together(lambda: issue(production), stopping)
    assert isinstance(permit, Permit)
    assert events == ["permitted", "stopped"]
    assert listed == [permit.code]
    assert Permit.objects.get().revoked_at is None  # the facts count before the record
    dispatch.run()
    assert Permit.objects.get().revoked_because == "stopped"


def test_a_permit_that_is_asked_for_beside_a_stop_waits_for_it_and_is_denied(
    production: Release,
) -> None:
    holds = threading.Event()

    def stopping() -> Order:
        with transaction.atomic():
            made = stop(production)
            holds.set()
            _until_somebody_waits()
        return made

    def asking() -> Permit:
        assert holds.wait(timeout=20)
        return issue(production)

    ordered, denied = together(stopping, asking)
    assert isinstance(ordered, Order)
    assert isinstance(denied, Conflict)
    assert [one["code"] for one in denied.details["reasons"]] == ["stopped"]
    assert Permit.objects.count() == 0


def test_many_ask_while_one_stops_and_no_permit_outlives_the_stop(production: Release) -> None:
    def asking() -> Permit:
        return issue(production)

    outcomes = together(asking, asking, lambda: stop(production), asking, asking)
    given = [one for one in outcomes if isinstance(one, Permit)]
    assert revoked() == sorted(one.code for one in given)
    refused = [one for one in outcomes if isinstance(one, Conflict)]
    assert len(given) + len(refused) == 4
    assert {one.code for one in refused} <= {"permit_denied"}
    assert codes([_code(asking)]) == ["permit_denied"]


def _code(verb: Callable[[], object]) -> object:
    try:
        return verb()
    except Conflict as refusal:
        return refusal


def test_of_two_revocations_one_counts(production: Release) -> None:
    row = issue(production)

    def revoke(username: str) -> Callable[[], Permit]:
        return lambda: services.revoke(actor=person(username), permit_id=row.pk, reason="构建作废")

    assert codes(together(revoke("chen"), revoke("luo"))) == ["done", "revoked_already"]


def test_two_who_give_the_last_permit_at_once_give_one(production: Release) -> None:
    rows = [
        services.ask_break_glass(
            actor=person("chen"), use_id=production.model_use_id, environment="production", days=1,
            reason="登记系统停机时修复故障",
        )
        for _again in range(3)
    ]  # fmt: skip

    def give(row: BreakGlass, username: str) -> Callable[[], BreakGlass]:
        user = person(username)
        proof = people.step_up(user=user, password=PASSWORD, subjects=[row.subject])
        return lambda: services.give_break_glass(actor=user, request_id=row.pk, step_up_id=proof.pk)

    same = together(give(rows[0], "gao"), give(rows[0], "sun"))
    assert codes(same) == ["answered_already", "done"]
    last = together(give(rows[1], "gao"), give(rows[2], "sun"))
    assert codes(last) == ["done", "most_live"]
    assert Permit.objects.count() == 2


def test_two_rotations_at_once_leave_one_chain_of_keys(production: Release) -> None:
    first = issue(production).key_id
    made = together(services.rotate, services.rotate)
    keys = services.jwks()["keys"]
    assert {one["kid"] for one in keys} == {first, *made}
    assert [("exp" in one) for one in keys] == [False, True, True]
    assert issue(production).key_id == keys[0]["kid"]


def test_two_processes_make_the_first_key_once(production: Release) -> None:
    assert len(set(together(*[lambda: services.jwks()["keys"][0]["kid"]] * 4))) == 1
