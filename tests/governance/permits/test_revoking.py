"""What ends a permit: a person, an order, a release that goes back. The list says so at once."""

from __future__ import annotations

import base64
import datetime as dt
import json
from typing import Any

import pytest

from governance.lifecycle import services as lifecycle
from governance.permits import queries, services
from governance.permits.models import Permit
from governance.permits.queries import listing
from governance.suspensions import services as suspensions
from registry.core import clock
from registry.core.dispatch import services as dispatch
from registry.core.errors import Conflict, DomainError, Forbidden
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.people.queries import system
from registry.releases import services as releases
from registry.releases.models import Release
from tests import story
from tests.governance.permits.asking import issue, payload, revoked
from tests.governance.permits.conftest import NOON
from tests.governance.permits.test_issuing import order
from tests.refusals import changes, footprint, refused, refused_by_database
from tests.world import head_office, person

REVOKED = {"governance_permit": (0, 1), "registry_entry": (1, 0)}


def listed() -> dict[str, Any]:
    return payload(json.loads(services.revocations().body))


def fresh(row: Permit) -> Permit:
    return queries.whole(Permit.objects.filter(pk=row.pk)).get()


def revoke(row: Permit, by: str, reason: str = "换了制品") -> Permit:
    return services.revoke(actor=person(by), permit_id=row.pk, reason=reason)


@pytest.mark.parametrize("username", ["pipeline", "chen", "sun", "luo"])
def test_who_asked_model_risk_and_the_duty_officer_revoke(live: Release, username: str) -> None:
    row, before = issue(live), footprint()
    done = revoke(row, username)
    assert changes(before) == REVOKED
    assert (done.revoked_at, done.revoked_by, done.revoked_because) == (
        NOON, person(username), "by_hand",
    )  # fmt: skip
    assert Entry.objects.order_by("-seq")[0].kind == "permit.revoked"
    assert revoked() == [row.code]


def test_nobody_else_revokes_and_nothing_twice(live: Release) -> None:
    row = issue(live)
    for username in ("li", "wang", "gao", "shen"):
        with refused(Forbidden, "not_your_permit"):
            revoke(row, username)
    with refused(DomainError, "reason_needed"):
        revoke(row, "chen", " ")
    revoke(row, "chen")
    with refused(Conflict, "revoked_already"):
        revoke(row, "chen")
    late = issue(live)
    with clock.at(late.expires_at), refused(Conflict, "permit_expired"):
        revoke(late, "chen")


def test_a_revoked_permit_stays_revoked_and_envelopes_stay(live: Release) -> None:
    row = revoke(issue(live), "chen")
    for changed in (
        {"revoked_at": None, "revoked_by": None, "revoked_because": "", "revoked_reason": ""},
        {"revoked_reason": "另有原因"},
    ):
        with refused_by_database("MC025"), ledger.act(person("chen")) as act:
            act.update(fresh(row), "permit.revoked", changed)
    with refused_by_database("MC005"), ledger.act(person("chen")) as act:
        act.update(fresh(row), "permit.revoked", {"envelope": {}})


def test_the_database_takes_no_permit_for_other_bytes(live: Release) -> None:
    row = issue(live)
    with refused_by_database("MC025"), ledger.act(person("pipeline")) as act:
        row.pk, row.code, row.digest = head_office().pk, "PMT-X", "a" * 64
        act.create(row, "permit.issued")
    with refused_by_database("23514"), ledger.act(person("pipeline")) as act:
        other = fresh(Permit.objects.get())
        other.pk, other.code, other.expires_at = head_office().pk, "PMT-X", other.issued_at
        act.create(other, "permit.issued")


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("release", lambda live: live.pk),
        ("version", lambda live: live.version_id),
        ("model_use", lambda live: live.model_use_id),
        ("model", lambda live: live.model_use.model_id),
        ("entity", lambda live: live.model_use.entity_id),
    ],
)
def test_a_stop_of_whatever_reaches_it_counts_in_the_list_at_once(
    live: Release, name: str, target: Any
) -> None:
    production, test = issue(live), issue(live, "test")
    assert revoked() == []
    order(live, target_type=name, target_id=target(live))
    assert Permit.objects.filter(revoked_at=None).count() == 2  # nothing is on record yet
    assert revoked() == [production.code, test.code]
    assert listed()["revoked"][0]["reason"] == "stopped"
    dispatch.run()
    assert set(Permit.objects.values_list("revoked_because", flat=True)) == {"stopped"}
    assert set(Permit.objects.values_list("revoked_by", flat=True)) == {system().pk}
    assert revoked() == [production.code, test.code]


def test_a_restriction_revokes_where_the_policy_says_so(live: Release) -> None:
    production, test = issue(live), issue(live, "test")
    order(live, "restrict", limits="限额")
    assert revoked() == [production.code]
    dispatch.run()
    assert (fresh(production).revoked_because, fresh(test).revoked_at) == ("restricted", None)


def test_a_stop_that_is_lifted_before_anybody_recorded_it_has_ended_the_permit(
    live: Release,
) -> None:
    row = issue(live)
    with clock.at(NOON + dt.timedelta(minutes=1)):
        stop = order(live, is_drill=True)
        for username in ("chen", "gao"):
            suspensions.resume(actor=person(username), order_id=stop.pk, reason="演练结束，已恢复")
        assert revoked() == [row.code]
    with clock.at(NOON + dt.timedelta(minutes=2)):
        again = issue(live)
        dispatch.run()
        assert revoked() == [row.code]
        assert fresh(again).revoked_at is None
        assert fresh(row).revoked_at == NOON + dt.timedelta(minutes=1)


def test_a_release_that_goes_back_takes_its_permits_along(live: Release) -> None:
    production, test = issue(live), issue(live, "test")
    lifecycle.promote(actor=person("chen"), release_id=live.pk, to="S3", reason="发现缺陷")
    assert revoked() == [production.code]
    assert queries.state_of(fresh(production), queries.cause_of(fresh(production))) == "revoked"
    assert queries.state_of(fresh(test), queries.cause_of(fresh(test))) == "live"
    dispatch.run()
    assert (fresh(production).revoked_because, fresh(test).revoked_at) == ("stage_left", None)


def test_a_retired_release_leaves_no_permit(live: Release) -> None:
    test = issue(live, "test")
    story.hand_in(live, "retirement_plan")
    lifecycle.promote(actor=person("chen"), release_id=live.pk, to="S8", reason="替代")
    assert revoked() == [test.code]


def test_an_approval_that_ends_takes_its_permits_along(live: Release) -> None:
    row, test = issue(live), issue(live, "test")
    with ledger.act(person("sun")) as act:
        locked = releases.lock(live.pk)
        warrant = act.note(locked, "approval.grant_ended", digest=locked.approved_digest)
        releases.end_approval(actor=person("sun"), release=locked, warrant=warrant)
    assert revoked() == [row.code]
    dispatch.run()
    assert (fresh(row).revoked_because, fresh(test).revoked_at) == ("approval_ended", None)


def test_a_release_that_comes_back_brings_no_permit_back(live: Release) -> None:
    before = issue(live, "pilot")
    with clock.at(NOON + dt.timedelta(minutes=5)):
        lifecycle.promote(actor=person("chen"), release_id=live.pk, to="S3", reason="发现缺陷")
    with clock.at(NOON + dt.timedelta(minutes=15)):
        lifecycle.promote(actor=person("wang"), release_id=live.pk, to="S4")
        after = issue(live, "pilot")
        assert revoked() == [before.code]
        dispatch.run()
        assert revoked() == [before.code]
        assert (fresh(before).revoked_because, fresh(after).revoked_at) == ("stage_left", None)
        assert fresh(before).revoked_at == NOON + dt.timedelta(minutes=5)


def test_an_approval_that_ended_and_came_back_brings_no_permit_back(live: Release) -> None:
    row, test = issue(live, "pilot"), issue(live, "test")
    digest, until = live.approved_digest, live.approved_until
    assert until is not None
    with ledger.act(person("sun")) as act:
        locked = releases.lock(live.pk)
        ended = act.note(locked, "approval.grant_ended", digest=digest)
        releases.end_approval(actor=person("sun"), release=locked, warrant=ended)
        given = act.note(locked, "approval.granted", digest=digest)
        releases.record_approval(
            actor=person("sun"), release=locked, digest=digest, until=until, warrant=given
        )
    assert revoked() == [row.code]
    dispatch.run()
    assert (fresh(row).revoked_because, fresh(test).revoked_at) == ("approval_ended", None)


def test_the_list_forgets_what_has_ended_by_itself_and_stays_fresh(live: Release) -> None:
    row = revoke(issue(live), "chen")
    first = services.revocations()
    assert services.revocations() is first
    told = listed()
    assert (told["issuedAt"], told["nextUpdate"]) == (
        "2026-11-23T04:00:00.000000Z", "2026-11-23T04:15:00.000000Z",
    )  # fmt: skip
    with clock.at(NOON + dt.timedelta(minutes=6)):
        later = services.revocations()
        assert later.etag != first.etag
        assert later.sequence == first.sequence
        assert listed()["issuedAt"] == "2026-11-23T04:05:00.000000Z"
    with clock.at(row.expires_at):
        assert revoked() == []


def test_every_process_makes_the_same_list(live: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    revoke(issue(live), "chen")
    first = services.revocations()
    monkeypatch.setattr("governance.permits.services.listing._made", {})
    assert services.revocations() == first


def test_a_stop_in_the_middle_of_making_the_list_is_not_missed(
    live: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, real = issue(live), listing.listed
    made: list[Any] = []

    def late(at: dt.datetime) -> Any:
        found = real(at)
        if not made:
            made.append(order(live))
        return found

    monkeypatch.setattr(listing, "listed", late)
    assert revoked() == [row.code]


def test_the_list_names_no_model_and_nobody(live: Release) -> None:
    revoke(issue(live), "chen", "因为模型“零售贷款申请评分卡”有误")
    body = base64.b64decode(json.loads(services.revocations().body)["payload"]).decode()
    for secret in (live.model_use.model.code, "评分卡", str(person("chen").pk), live.code):
        assert secret not in body
