"""Asking for a permit: row, entry, signature; refused with the whole list, nothing written."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.db import connection

from governance.lifecycle import queries as lifecycle
from governance.lifecycle import services as lifecycles
from governance.permits import services
from governance.suspensions import queries as suspension_queries
from governance.suspensions import services as suspensions
from registry.core import clock
from registry.core.dispatch import services as dispatch
from registry.core.errors import Conflict, DomainError, Forbidden
from registry.core.ledger.models import Entry
from registry.registration import services as registration
from registry.releases import services as releases
from registry.releases.models import Release
from registry.usecases.services import NewUseCase
from tests import story
from tests.governance.permits.asking import issue, payload, revoked
from tests.governance.permits.conftest import NOON
from tests.refusals import changes, footprint, refused
from tests.world import head_office, person

MADE = {"governance_permit": (1, 1), "registry_entry": (1, 0)}


def reasons(caught: Any) -> list[tuple[str, str]]:
    return [(one["code"], one["key"]) for one in caught.value.details["reasons"]]


def order(release: Release, kind: str = "stop", **told: Any) -> Any:
    by = "luo" if kind == "stop" else "chen"
    given: dict[str, Any] = {
        "target_type": "release",
        "target_id": release.pk,
        "reason": "误拒率异常",
    }
    return suspensions.order(actor=person(by), kind=kind, **(given | told))


def test_a_permit_is_row_entry_and_signature(live: Release) -> None:
    before = footprint()
    row = issue(live)
    assert changes(before) == MADE
    assert (row.kind, row.environment, row.stage, row.gate) == ("normal", "production", "S5", "S5")
    assert (row.issued_at, row.expires_at) == (NOON, NOON + dt.timedelta(minutes=60))
    entry = Entry.objects.order_by("-seq")[0]
    assert (entry.kind, entry.actor, entry.subject_id) == (
        "permit.issued", person("pipeline").pk, row.pk,
    )  # fmt: skip
    connection.check_constraints()


def test_the_statement_says_what_was_permitted_and_on_what_it_rests(live: Release) -> None:
    row = issue(live)
    told = payload(row.envelope)
    approval = live.approvals.get(state="approved")
    assert told["_type"] == "https://in-toto.io/Statement/v1"
    assert told["predicateType"] == "https://mingce.dev/attestation/deployment-permit/v1"
    assert told["subject"] == [
        {
            "name": f"models.bank.example/models/{live.model_use.model.code}/versions/1.0.0",
            "digest": {"sha256": row.digest},
        }
    ]
    predicate = told["predicate"]
    assert predicate | {"gate": None, "approval": None} == {
        "permit": row.code, "decision": "allow", "environment": "production",
        "use": str(live.model_use_id), "useCode": live.model_use.code, "release": live.code,
        "stage": "S5", "tier": "II", "gate": None, "approval": None,
        "requestedBy": str(person("pipeline").pk), "confirmedBy": None, "reference": "build 42",
        "issuedAt": "2026-11-23T04:00:00.000000Z", "expiresAt": "2026-11-23T05:00:00.000000Z",
        "breakGlass": False,
    }  # fmt: skip
    assert predicate["gate"] == {
        "to": "S5",
        "policy": {"key": "cn_nfra", "version": "1.7", "digest": {"sha256": row.pack.sha256}},
    }
    assert predicate["approval"]["code"] == approval.code
    assert predicate["approval"]["resolutions"] == ["MRC-2026-001", "RMC-2026-001"]
    assert predicate["approval"]["materialDigest"] == {"sha256": live.approved_digest}


def test_the_verification_result_for_other_tools_says_the_same(live: Release) -> None:
    told = payload(issue(live).svr_envelope)
    assert told["predicateType"] == "https://in-toto.io/attestation/svr/v0.2"
    assert told["predicate"]["properties"] == [
        "MINGCE_DEPLOY_PRODUCTION", "MINGCE_GATE_OPEN", "MINGCE_APPROVED",
    ]  # fmt: skip
    assert told["predicate"]["verifier"]["id"] == "https://models.bank.example"
    assert told["predicate"]["timeCreated"] == "2026-11-23T04:00:00.000000Z"
    assert payload(issue(live, "test").svr_envelope)["predicate"]["properties"] == [
        "MINGCE_DEPLOY_TEST"
    ]


@pytest.mark.parametrize(
    ("environment", "minutes"),
    [("development", 1440), ("test", 1440), ("pilot", 240), ("production", 60)],
)
def test_each_environment_has_its_time(live: Release, environment: str, minutes: int) -> None:
    row = issue(live, environment)
    assert row.expires_at - row.issued_at == dt.timedelta(minutes=minutes)
    assert bool(row.approval) is (environment in ("pilot", "production"))


def test_no_permit_outlives_its_approval(live: Release) -> None:
    assert live.approved_until is not None
    last = dt.datetime.combine(live.approved_until, dt.time(15, 30), dt.UTC)  # 23:30 in Shanghai
    with clock.at(last):
        asked = issue(live, "test")
        assert asked.expires_at == last + dt.timedelta(days=1)
        with refused(Conflict, "permit_denied") as caught:
            issue(live, "pilot")  # reviews are overdue by then
    assert ("requirement_missing", "approved") not in reasons(caught)


def test_of_the_gate_nothing_counts_that_the_deployment_itself_mends(live: Release) -> None:
    wrong = "b" * 64
    releases.record_deployment(
        actor=person("luo"), release=live, environment="production", digest=wrong
    )
    assert not lifecycle.gate_of(live, "S5").is_open
    dispatch.run()
    (limit,) = suspension_queries.in_force(live)
    assert limit.reason == f"BR-09: {wrong}"
    row = issue(live)
    assert (row.digest == wrong, row.mends, revoked()) == (
        False, ["deployed_digest", "BR-09"], [],
    )  # fmt: skip
    with refused(Conflict, "permit_denied") as caught:
        issue(live, "pilot")  # a pilot mends nothing of it
    assert reasons(caught) == [("restricted", str(limit.pk))]
    by_hand = order(live, "restrict", reason=f"BR-09: {wrong}", limits="限额")
    assert revoked() == [row.code]
    with refused(Conflict, "permit_denied") as caught:
        issue(live)
    assert reasons(caught) == [("restricted", str(by_hand.pk))]


def test_a_stop_denies_everywhere_and_a_restriction_where_the_policy_says_so(live: Release) -> None:
    limit = order(live, "restrict", limits="单笔限额")
    assert issue(live, "test").environment == "test"
    for environment in ("pilot", "production"):
        with refused(Conflict, "permit_denied") as caught:
            issue(live, environment)
        assert reasons(caught) == [("restricted", str(limit.pk))]
    stop = order(live)
    for environment in ("development", "test"):
        with refused(Conflict, "permit_denied") as caught:
            issue(live, environment)
        assert reasons(caught) == [("stopped", str(stop.pk))]
    with refused(Conflict, "permit_denied") as caught:
        issue(live)
    assert reasons(caught) == [("stopped", str(stop.pk)), ("restricted", str(limit.pk))]
    assert caught.value.details["gate"]["stopped_by"] == [str(stop.pk)]


def test_another_digest_is_denied(live: Release) -> None:
    with refused(Conflict, "permit_denied") as caught:
        issue(live, "test", digest="a" * 64)
    assert reasons(caught) == [("digest_differs", "")]


@pytest.mark.django_db
def test_what_is_not_ready_is_denied_with_the_whole_list() -> None:
    release = story.register().release
    with refused(Conflict, "permit_denied") as caught:
        issue(release)
    details = caught.value.details
    missing = [one["key"] for one in details["reasons"] if one["code"] == "requirement_missing"]
    assert missing == details["gate"]["missing"]
    assert missing[:2] == ["grading_confirmed", "ethics_review"]
    assert "deployed_digest" not in missing
    assert reasons(caught)[0] == ("stage_not_reached", "S4")
    first = next(one for one in details["reasons"] if one["key"] == "ethics_review")
    assert first["address"] == f"https://models.bank.example/releases/{release.pk}/#gate"
    assert first["text"]["en"] == "Initial ethics review, seven aspects"
    assert first["way_out"] == {
        "zh": "在发布页面补齐（合规、模型负责人）",
        "en": "Supply it on the release's page (compliance, model owner)",
    }
    assert issue(release, "development").gate == ""


def test_a_retired_release_is_deployed_nowhere(live: Release) -> None:
    story.hand_in(live, "retirement_plan")
    lifecycles.promote(actor=person("chen"), release_id=live.pk, to="S8", reason="替代")
    with refused(Conflict, "permit_denied") as caught:
        issue(live, "development")
    assert reasons(caught) == [("retired", "")]


@pytest.mark.parametrize(
    ("told", "code", "field"),
    [
        ({"digest": "xyz"}, "no_digest", "digest"),
        ({"digest": "A" * 64}, "no_digest", "digest"),
        ({"environment": "moon"}, "unknown_environment", "environment"),
        ({"reference": "x" * 301}, "bad_reference", "reference"),
        ({"reference": "a\nb"}, "bad_reference", "reference"),
        ({"use_id": uuid.UUID(int=7)}, "not_released", "use"),
    ],
    ids=["letters", "capitals", "no environment", "too long", "two lines", "no use"],
)
def test_bad_input_is_refused(live: Release, told: dict[str, Any], code: str, field: str) -> None:
    with refused(DomainError, code) as caught:
        issue(live, **told)
    assert caught.value.field == field


def test_where_a_version_has_two_releases_the_use_is_named(live: Release) -> None:
    use, version = live.model_use, live.version
    card = NewUseCase(
        name_zh="额度调整", purpose="辅助调整存量客户额度", entity=use.entity, owner=person("wang"),
    )  # fmt: skip
    other, opened, _grade = registration.add_use(
        actor=person("wang"), model=use.model, use_case=card, using_entity=use.entity,
        inputs=story.inputs(story.E01),
    )  # fmt: skip
    assert issue(live, "test").release == live  # the other has no version yet
    releases.attach_version(actor=person("wang"), release_id=opened.pk, version=version)  # type: ignore[arg-type]  # it has one
    with refused(DomainError, "use_needed") as caught:
        issue(live, "test")
    assert caught.value.field == "use"
    assert issue(live, use_id=use.pk).release == live
    assert issue(live, "test", use_id=other.pk).release == opened
    with refused(Conflict, "permit_denied"):
        issue(live, use_id=other.pk)


@pytest.mark.parametrize("username", ["wang", "chen", "gao", "shen", "hai"])
def test_who_has_no_button_gets_no_permit(live: Release, username: str) -> None:
    with refused(Forbidden, "not_permitted"):
        issue(live, by=username)


def test_a_version_that_is_not_there_has_no_release(live: Release) -> None:
    with refused(DomainError, "not_released"):
        services.issue(
            actor=person("pipeline"), version_id=head_office().pk, digest="a" * 64,
            environment="test",
        )  # fmt: skip
