"""The REST doors of permits: answers, refusals that are recorded, scopes, what verifiers fetch."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from governance.permits.models import Permit
from registry.core import clock
from registry.core.ledger.models import Entry
from registry.releases.models import Release
from tests import story
from tests.governance.permits.asking import issue, payload
from tests.governance.permits.conftest import NOON
from tests.governance.permits.test_issuing import order
from tests.rest.calling import Caller, caller, machine, problem
from tests.world import head_office

PATH = "/permits/"
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def body(release: Release, **told: Any) -> dict[str, Any]:
    assert release.version is not None
    asked = {
        "version": str(release.version.pk), "digest": release.version.digest,
        "environment": "production", "reference": "https://ci.bank.example/1",
    }  # fmt: skip
    return asked | told


def test_a_pipeline_asks_and_is_answered(live: Release) -> None:
    answer = machine().post(PATH, body(live))
    assert answer.status_code == 201
    told = answer.json()
    row = Permit.objects.get(code=told["code"])
    assert answer["ETag"] == '"1"'
    assert told["envelope"] == row.envelope
    assert told["svr_envelope"] == row.svr_envelope
    assert payload(told["envelope"])["predicate"]["permit"] == row.code
    assert (told["digest"], told["expires_at"]) == (row.digest, "2026-11-23T05:00:00Z")


def test_a_denial_carries_reasons_and_gate_and_is_recorded_once_a_minute(live: Release) -> None:
    stop, who = order(live), machine()
    for _again in range(2):
        told = problem(who.post(PATH, body(live)), 409, "permit_denied")
    assert (told["release"], told["environment"]) == (live.code, "production")
    assert [(one["code"], one["key"]) for one in told["reasons"]] == [("stopped", str(stop.pk))]
    assert told["gate"]["stopped_by"] == [str(stop.pk)]
    assert told["reasons"][0]["text"] == {
        "zh": "已被紧急停用", "en": "An emergency stop is in force",
    }  # fmt: skip
    entries = Entry.objects.filter(kind="attempt.refused")
    assert [(one.subject_id, '"code":"permit_denied"' in one.body) for one in entries] == [
        (live.pk, True)
    ]
    assert Permit.objects.count() == 0
    told = problem(who.post(PATH, body(live, environment="test")), 409, "permit_denied")
    assert told["gate"] is None


@pytest.mark.parametrize(
    ("told", "status", "field"),
    [
        ({"digest": "sha256:" + "a" * 64}, 400, "digest"),
        ({"digest": "A" * 64}, 400, "digest"),
        ({"digest": ""}, 400, "digest"),
        ({"environment": "prod"}, 400, "environment"),
        ({"version": "1.0.0"}, 400, "version"),
        ({"version": UNKNOWN}, 404, "id"),
        ({"use": UNKNOWN}, 422, "use"),
        ({"reference": "x" * 301}, 400, "reference"),
        ({"reference": "a\u202eb"}, 400, "reference"),
        ({"reference": "a\u200bb"}, 400, "reference"),
        ({"reference": "a\x00b"}, 400, "reference"),
        ({"reference": "a\tb"}, 400, "reference"),
    ],
    ids=lambda one: ascii(one)[:40],
)
def test_bad_input_names_its_field(
    live: Release, told: dict[str, Any], status: int, field: str
) -> None:
    found = problem(machine().post(PATH, body(live, **told)), status)
    assert found["field"] == field
    assert Permit.objects.count() == 0


@pytest.mark.django_db
def test_a_use_of_another_model_is_refused(settings: Any) -> None:
    one, other = story.register(), story.register(name="另一个模型")
    asked = body(one.release, environment="test", use=str(other.registered.use.pk))
    assert problem(machine().post(PATH, asked), 422, "not_released")["field"] == "use"


def test_a_token_that_has_ended_or_has_no_scope_gets_nothing(live: Release) -> None:
    problem(machine("read", "report_deployment").post(PATH, body(live)), 403, "not_permitted")
    who = machine("ask_permit")
    assert who.post(PATH, body(live)).status_code == 201
    with clock.at(NOON + dt.timedelta(days=2)):
        problem(who.post(PATH, body(live)), 401, "not_signed_in")
    problem(Caller().post(PATH, body(live)), 401, "not_signed_in")


def test_the_same_key_is_answered_with_the_same_permit(live: Release) -> None:
    who = machine()
    first = who.post(PATH, body(live), Idempotency_Key="build-42")
    again = who.post(PATH, body(live), Idempotency_Key="build-42")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again["Idempotency-Replayed"] == "true"
    assert Permit.objects.count() == 1
    other = body(live, environment="test")
    problem(who.post(PATH, other, Idempotency_Key="build-42"), 422, "idempotency_key_reused")


def test_the_same_key_never_brings_back_a_permit_that_has_ended(live: Release) -> None:
    who = machine()
    first = who.post(PATH, body(live), Idempotency_Key="build-42").json()
    order(live)
    refusal = who.post(PATH, body(live), Idempotency_Key="build-42")
    problem(refusal, 409, "permit_ended")
    assert refusal.json()["permit"] == first["code"]


def test_a_denial_does_not_use_its_key_up(live: Release) -> None:
    who = machine()
    wrong = body(live, digest="a" * 64)
    problem(who.post(PATH, wrong, Idempotency_Key="k"), 409, "permit_denied")
    assert who.post(PATH, body(live), Idempotency_Key="k").status_code == 201
    assert Entry.objects.filter(kind="attempt.refused").count() == 1


def test_a_hidden_model_has_no_versions_for_others(live: Release) -> None:
    secret = story.register(name="保密模型", is_confidential=True)
    problem(machine().post(PATH, body(secret.release, environment="test")), 404, "not_found")
    row = issue(live)
    assert caller("hai").get(PATH).json()["results"] == []
    problem(caller("hai").get(f"{PATH}{row.pk}/"), 404)


def test_a_permit_is_read_as_it_stands_now(live: Release) -> None:
    row, who = issue(live), caller("shen")
    (found,) = who.get(PATH, {"release": live.pk, "environment": "production"}).json()["results"]
    assert (found["code"], found["revoked_at"]) == (row.code, None)
    assert "envelope" not in found
    assert who.get(f"{PATH}{row.pk}/").json()["state"] == "live"
    order(live)
    now = who.get(f"{PATH}{row.pk}/").json()
    assert (now["state"], now["revoked_at"], now["envelope"]) == ("revoked", None, row.envelope)
    with clock.at(row.expires_at):
        assert caller("shen").get(f"{PATH}{row.pk}/").json()["state"] == "expired"


def test_who_asked_revokes_it_and_the_list_changes(live: Release) -> None:
    row, who = issue(live), machine()
    before = who.get(f"{PATH}revocations/")
    assert before.status_code == 200
    known = who.client.get(
        f"/api/v1{PATH}revocations/",
        headers={"Authorization": f"Bearer {who.secret}", "If-None-Match": before["ETag"]},
    )
    assert (known.status_code, known.content) == (304, b"")
    done = who.post(f"{PATH}{row.pk}/revocations/", {"reason": "构建作废"})
    assert (done.status_code, done.json()["revoked_because"]) == (201, "by_hand")
    after = who.get(f"{PATH}revocations/")
    assert after["ETag"] != before["ETag"]
    assert [one["permit"] for one in payload(after.json())["revoked"]] == [row.code]
    problem(caller("li").post(f"{PATH}{row.pk}/revocations/", {"reason": "某因"}), 403)


def test_the_list_is_for_those_who_signed_in_and_the_public_keys_for_everybody(
    live: Release,
) -> None:
    for path in (f"{PATH}keys/", f"{PATH}revocations/"):
        problem(Caller().get(path), 401, "not_signed_in")
        problem(machine("stop").get(path), 403, "not_permitted")
        assert machine("read").get(path).status_code == 200
    who, well_known = machine("read"), "/.well-known/mingce-permits.jwks.json"
    found = Client().get(well_known)
    assert found.json() == who.get(f"{PATH}keys/").json()
    assert [one["alg"] for one in found.json()["keys"]] == ["ES256"]


def test_a_branch_does_not_reach_what_head_office_uses(live: Release) -> None:
    assert head_office().path == live.model_use.entity.path
    problem(caller("hai").post(PATH, body(live)), 403, "not_permitted")
