"""ETag and If-Match, and Idempotency-Key: nothing is overwritten unseen, nothing is done twice."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from registry.core import clock
from registry.core.ledger.models import Entry
from registry.core.people import services as people
from registry.core.people.rules import Role
from registry.core.web.models import IdempotencyRecord
from registry.systems.models import System
from tests import story
from tests.refusals import changes, footprint
from tests.rest.calling import Caller, caller, problem
from tests.world import head_office, person

Build = Callable[[], tuple[Caller, str, dict[str, Any]]]


def _model() -> tuple[Caller, str, dict[str, Any]]:
    made = story.register()
    return caller("wang"), f"/models/{made.registered.model.pk}/", {
        "name_en": "Retail application scorecard", "reason": "更正英文名称",
    }  # fmt: skip


def _use_case() -> tuple[Caller, str, dict[str, Any]]:
    made = story.register()
    return caller("wang"), f"/use-cases/{made.registered.use_case.pk}/", {
        "benefit": "审批时间由两天缩短为十秒", "reason": "补充效益",
    }  # fmt: skip


def _release() -> tuple[Caller, str, dict[str, Any]]:
    made = story.register()
    wang = caller("wang")
    told = {"model": str(made.registered.model.pk), "label": "2.0", "identity_kind": "artifact"}
    version = wang.post("/versions/", told | {"digest": "ab" * 32}).json()
    return wang, f"/releases/{made.release.pk}/", {"version": version["id"]}


WRITES = [("models", _model), ("use cases", _use_case), ("releases", _release)]
each_write = pytest.mark.parametrize(
    "build", [one for _, one in WRITES], ids=[n for n, _ in WRITES]
)


@pytest.mark.django_db
@each_write
def test_a_write_with_the_current_etag_is_done_and_answers_the_next(build: Build) -> None:
    who, path, change = build()
    seen = who.get(path)
    assert seen["ETag"] == f'"{seen.json()["row_version"]}"'
    done = who.patch(path, change, If_Match=seen["ETag"])
    assert done.status_code == 200, done.content
    assert done["ETag"] == f'"{done.json()["row_version"]}"' != seen["ETag"]
    again = who.get(path)
    assert (again["ETag"], again.json()) == (done["ETag"], done.json())


@pytest.mark.django_db
@each_write
def test_a_write_without_the_current_etag_is_refused(build: Build) -> None:
    who, path, change = build()
    seen = who.get(path)["ETag"]
    before = footprint()
    stale = f'"{int(seen.strip(chr(34))) + 7}"'
    assert problem(who.patch(path, change), 428, "if_match_needed")["field"] == "If-Match"
    for malformed in ("1", "*", '"x"', '"1', "W/", '"-1"', '"1", "2"', '"1.0"', '"' + "9" * 30):
        problem(who.patch(path, change, If_Match=malformed), 400, "bad_etag")
    problem(who.patch(path, change, If_Match=stale), 412, "stale")
    assert changes(before) == {}
    assert who.patch(path, change, If_Match=f"W/{seen}").status_code == 200


@pytest.mark.django_db
@each_write
def test_the_second_of_two_who_saw_the_same_is_refused(build: Build) -> None:
    who, path, change = build()
    seen = who.get(path)["ETag"]
    assert who.patch(path, change, If_Match=seen).status_code == 200
    before = footprint()
    problem(who.patch(path, change, If_Match=seen), 412, "stale")
    assert changes(before) == {}


@pytest.mark.django_db
def test_a_promotion_with_a_stale_etag_is_refused() -> None:
    made = story.register()
    wang = caller("wang")
    path = f"/releases/{made.release.pk}/promotions/"
    problem(wang.post(path, {"to": "S1"}, If_Match='"99"'), 412, "stale")
    problem(wang.post(path, {"to": "S1"}, If_Match="99"), 400, "bad_etag")


def system(code: str = "core") -> dict[str, Any]:
    """A new system."""
    return {"code": code, "name_zh": "核心系统", "entity": str(head_office().pk)}


@pytest.mark.django_db
def test_a_repeated_create_is_answered_again_and_not_done_again() -> None:
    wang = caller("wang")
    first = wang.post("/systems/", system(), Idempotency_Key="k-1")
    assert first.status_code == 201
    assert "Idempotency-Replayed" not in first
    before = footprint()
    again = wang.post("/systems/", system(), Idempotency_Key="k-1")
    assert again["Idempotency-Replayed"] == "true"
    assert (again.status_code, again.json()) == (201, first.json())
    assert again["ETag"] == first["ETag"]
    assert changes(before) == {}


@pytest.mark.django_db
def test_an_answer_survives_its_replay_however_rich_it_is() -> None:
    made = story.register()
    wang = caller("wang")
    grade = {"model_use": str(made.registered.use.pk), "answers": {}}
    body = grade | {n: story.E01[n] for n in ("classification", "factors", "facts", "reasons")}
    first = wang.post("/grades/", body, Idempotency_Key="g-1")
    assert first.status_code == 201, first.content
    again = wang.post("/grades/", body, Idempotency_Key="g-1")
    assert again["Idempotency-Replayed"] == "true"
    assert again.content == first.content


@pytest.mark.django_db
def test_the_same_key_for_another_request_is_refused() -> None:
    wang = caller("wang")
    assert wang.post("/systems/", system(), Idempotency_Key="k-1").status_code == 201
    before = footprint()
    other_body = wang.post("/systems/", system("other"), Idempotency_Key="k-1")
    problem(other_body, 422, "idempotency_key_reused")
    owner = {"owner": wang.get("/me/").json()["id"], "purpose": "目的", "name_zh": "场景"}
    card = owner | {"entity": str(head_office().pk)}
    problem(wang.post("/use-cases/", card, Idempotency_Key="k-1"), 422, "idempotency_key_reused")
    assert changes(before) == {}


@pytest.mark.django_db
def test_the_same_key_of_somebody_else_is_another_key() -> None:
    assert caller("wang").post("/systems/", system(), Idempotency_Key="k-1").status_code == 201
    other = caller("other").post("/systems/", system("b"), Idempotency_Key="k-1")
    assert other.status_code == 201
    assert System.objects.count() == 2


@pytest.mark.django_db
def test_a_refused_create_can_be_tried_again_with_the_same_key() -> None:
    wang = caller("wang")
    assert wang.post("/systems/", system()).status_code == 201
    problem(wang.post("/systems/", system(), Idempotency_Key="k-1"), 409)
    assert IdempotencyRecord.objects.count() == 0
    assert wang.post("/systems/", system("b"), Idempotency_Key="k-1").status_code == 201


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["x" * 201, "tab\there"])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    wang = caller("wang")
    before = footprint()
    problem(wang.post("/systems/", system(), Idempotency_Key=key), 400, "bad_idempotency_key")
    assert changes(before) == {}


@pytest.mark.django_db
def test_a_secret_is_not_kept_for_replays() -> None:
    admin = caller("admin")
    expires_at = (clock.now() + dt.timedelta(days=30)).isoformat()
    body = {"name": "ci", "scopes": ["read"], "expires_at": expires_at}
    body["user"] = str(person("pipeline").pk)
    first = admin.post("/tokens/", body, Idempotency_Key="t-1")
    assert first.status_code == 201, first.content
    assert IdempotencyRecord.objects.count() == 0
    assert admin.post("/tokens/", body, Idempotency_Key="t-1").json()["id"] != first.json()["id"]


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [{}, {"Idempotency_Key": "o-1"}])
def test_an_attempt_against_segregation_is_recorded_with_a_key_too(headers: dict[str, str]) -> None:
    """The refusal is written outside the transaction that the refused create rolls back."""
    made = story.register()
    people.assign_role(
        actor=person("admin"), user=person("wang"), role=Role.MODEL_RISK_HEAD, entity=head_office()
    )
    wang, before = caller("wang"), footprint()
    path = f"/model-uses/{made.registered.use.pk}/overrides/"
    problem(wang.post(path, {"to_tier": "I", "reason": "因为影响很大,从严管理"}, **headers), 403)
    assert changes(before) == {"registry_entry": (1, 0)}
    assert Entry.objects.latest("seq").kind == "attempt.refused"


def test_two_threads_with_the_same_key_create_one_thing(committed: str) -> None:
    secret = caller("wang").secret
    body, answers, ready = system(), [], threading.Barrier(2)

    def press() -> None:
        try:
            ready.wait()
            who = Caller(secret, Client())
            answers.append(who.post("/systems/", body, Idempotency_Key="same"))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert sorted("Idempotency-Replayed" in answer for answer in answers) == [False, True]
    assert System.objects.count() == 1
    assert Entry.objects.filter(kind="system.registered").count() == 1
