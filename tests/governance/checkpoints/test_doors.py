"""Decisions over REST: taken, repeated, refused with the place of the mistake; what they cost."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from governance.checkpoints import services
from governance.checkpoints.models import Batch, Case, Decision
from governance.checkpoints.queries import decisions
from registry.core.people.queries import system
from registry.releases.models import Release
from tests.governance.checkpoints.asking import (
    MANY,
    ONE,
    body,
    gateway,
    grey,
    nothing_left,
    refused,
)
from tests.rest.calling import Caller, caller, secret_of
from tests.world import person

PROCEEDS: dict[str, Any] = {
    "answer": "proceed",
    "checkpoints": [],
    "case": None,
    "due_at": None,
    "limits": "",
}


def test_one_is_taken_and_answered_as_before_when_told_again(live: Release) -> None:
    who = gateway()
    first = who.post(ONE, body(live, 1))
    assert (first.status_code, first.json()) == (201, {"reference": "APP-0000001", **PROCEEDS})
    with nothing_left():
        again = who.post(ONE, body(live, 1))
    assert (again.status_code, again.json()) == (200, first.json())


def test_a_held_one_names_its_case_and_its_limit(live: Release) -> None:
    answer = gateway().post(ONE, grey(live, 1)).json()
    case = Case.objects.get()
    assert (answer["answer"], answer["checkpoints"]) == ("hold", ["grey_zone"])
    assert (answer["case"], answer["due_at"]) == (case.code, "2026-01-12T08:00:00Z")


def test_a_batch_is_answered_in_its_order_and_new_ones_among_old_are_taken(live: Release) -> None:
    who, told = gateway(), [body(live, 1), grey(live, 2), body(live, 3)]
    first = who.post(MANY, {"decisions": told})
    assert first.status_code == 201
    assert [one["answer"] for one in first.json()["answers"]] == ["proceed", "hold", "proceed"]
    with nothing_left():
        again = who.post(MANY, {"decisions": told})
    assert (again.status_code, again.json()) == (200, first.json())
    mixed = who.post(MANY, {"decisions": [*told[::-1], body(live, 4)]})
    assert mixed.status_code == 201
    assert [one["reference"][-1] for one in mixed.json()["answers"]] == ["3", "2", "1", "4"]
    assert list(Batch.objects.order_by("id").values_list("size", flat=True)) == [3, 1]


def raw(live: Release, **told: Any) -> str:
    return json.dumps(body(live, 1, **told))


UNSEEN = [
    "APP-\u202e1", "APP-\u20661", "\u200eAPP-1", "APP\u200b-1", "APP-1\n", "APP\t1", "APP-1\x7f",
    "APP\x851", "APP\u20281", "\ufeffAPP-1", "APP\xad-1",
]  # fmt: skip


@pytest.mark.parametrize("text", UNSEEN, ids=[ascii(text) for text in UNSEEN])
def test_a_reference_that_people_would_misread_is_refused(live: Release, text: str) -> None:
    who = gateway()
    with nothing_left():
        for place in ("reference", "explanation_ref"):
            wrong = body(live, 2) | {place: text}
            found = refused(who.post(ONE, wrong), 400, "invalid", place)
            assert "改变文字方向" in found["detail"]
            many = who.post(MANY, {"decisions": [body(live, 1), wrong]})
            refused(many, 400, "invalid", f"decisions.1.{place}")


@pytest.mark.parametrize("text", ["申请-1", "APP 1", "A/1:é#\U00020000", "طلب-1"])
def test_a_reference_in_any_script_is_taken(live: Release, text: str) -> None:
    assert gateway().post(ONE, body(live) | {"reference": text}).status_code == 201


MISTAKES: list[tuple[str, dict[str, Any], str]] = [
    ("an unknown key", {"colour": "red"}, "colour"),
    ("confidence above one", {"confidence": 2}, "confidence"),
    ("confidence as text", {"confidence": "0.9"}, "confidence"),
    ("confidence as yes", {"confidence": True}, "confidence"),
    ("confidence that is no number", {"confidence": float("nan")}, "confidence"),
    ("an output that is no number", {"output": float("nan")}, "output"),
    ("an infinite output", {"output": float("-inf")}, "output"),
    ("an output of 201 letters", {"output": "x" * 201}, "output"),
    ("a nested output", {"output": {"a": 1}}, "output"),
    ("a field that is no number", {"fields": {"score": float("nan")}}, "fields.score"),
    ("an infinite field", {"fields": {"score": float("inf")}}, "fields.score"),
    ("a nested field", {"fields": {"score": {"a": [1]}}}, "fields.score"),
    ("a list as a field", {"fields": {"score": [1]}}, "fields.score"),
    ("a field's name in capitals", {"fields": {"Score": 1}}, "fields.Score"),
    ("too many fields", {"fields": {f"f{n}": n for n in range(61)}}, "fields"),
    ("an empty reference", {"reference": ""}, "reference"),
    ("a reference of 121 letters", {"reference": "x" * 121}, "reference"),
    ("a number as reference", {"reference": 7}, "reference"),
    ("no release", {"release": None}, "release"),
    ("a release that is none", {"release": "REL-1"}, "release"),
    ("a digest in capitals", {"input_digest": "A" * 64}, "input_digest"),
    ("a long explanation", {"explanation_ref": "x" * 201}, "explanation_ref"),
]


@pytest.mark.parametrize(("told", "place"), [row[1:] for row in MISTAKES],
                         ids=[row[0] for row in MISTAKES])  # fmt: skip
def test_a_mistake_is_answered_with_its_place(live: Release, told: Any, place: str) -> None:
    who, wrong = gateway(), body(live, 2) | told
    with nothing_left():
        refused(who.post(ONE, wrong), 400, "invalid", place)
        found = who.post(MANY, {"decisions": [body(live, 1), wrong]})
        refused(found, 400, "invalid", f"decisions.1.{place}")


BAD_JSON: list[tuple[str, str, str]] = [
    ("nothing", "", "invalid"),
    ("an open brace", "{", "invalid"),
    ("a word", "yes", "invalid"),
    ("a list", "[]", "invalid"),
    ("a number beyond every float", '{"output": 1e999}', "invalid"),
    ("a number of 5,000 digits", '{"output": ' + "9" * 5_000 + "}", "invalid"),
    ("deep nesting", '{"output": ' + "[" * 100_000, "invalid"),
    ("a NUL character", '{"reference": "A\\u0000"}', "malformed"),
    ("a raw NUL", '{"reference": "A\x00"}', "invalid"),
    ("a lone surrogate", '{"reference": "\\ud800"}', "invalid"),
    ("a lone surrogate in a key", '{"\\ud800": 1}', "invalid"),
]


@pytest.mark.parametrize(("text", "code"), [row[1:] for row in BAD_JSON],
                         ids=[row[0] for row in BAD_JSON])  # fmt: skip
def test_what_is_no_json_of_ours_leaves_nothing(live: Release, text: str, code: str) -> None:
    who = gateway()
    with nothing_left():
        for path in (ONE, MANY):
            assert who.post(path, text).json()["code"] == code
        assert who.post(ONE, text.encode() + b"\xff").status_code == 400


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"output": "approve"', '"output": "refuse", "output": "approve"'),
        ('"score": 0.8', '"score": 0.1, "score": 0.8'),
        ('"score": 0.8', '"score" :0.8, "sc\\u006fre" :0.8'),
    ],
)
def test_a_key_that_stands_twice_is_refused(live: Release, old: str, new: str) -> None:
    who, text = gateway(), raw(live)
    twice = text.replace(old, new)
    assert twice != text
    with nothing_left():
        for path, told in ((ONE, twice), (MANY, f'{{"decisions": [{twice}]}}')):
            found = refused(who.post(path, told), 400, "malformed")
            assert "stands twice" in found["detail"]
        refused(who.post(MANY, f'{{"decisions": [], "decisions": [{text}]}}'), 400, "malformed")
    colons = raw(live, explanation_ref="a:b:c::", fields={"channel": '":"'})
    assert who.post(ONE, colons).status_code == 201


def test_a_batch_that_is_too_large_is_refused(live: Release) -> None:
    who = gateway()
    with nothing_left():
        many = {"decisions": [body(live, n) for n in range(1_001)]}
        refused(who.post(MANY, many), 400, "invalid", "decisions")
        refused(who.post(MANY, {"decisions": []}), 422, "batch_size", "decisions")
        with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=2_000):
            refused(who.post(MANY, {"decisions": [body(live, n) for n in range(20)]}), 413,
                    "too_large")  # fmt: skip


def test_a_flood_of_mistakes_is_refused_without_telling_each(live: Release) -> None:
    who, one = gateway(), raw(live)
    fields = ",".join(f'"f{n}": []' for n in range(2_000))
    with nothing_left():
        empty = '{"decisions": [' + "{}," * 1_000_000 + "{}]}"
        refused(who.post(MANY, empty), 400, "invalid", "decisions.0.release")
        refused(who.post(ONE, one[:-1] + f', "fields": {{{fields}}}}}'), 400, "malformed")
        keys = ",".join(f'"f{n}":1' for n in range(100_001))
        refused(who.post(ONE, f"{{{keys}}}"), 413, "too_large")


def test_another_content_under_a_reference_refuses_the_batch(live: Release) -> None:
    who = gateway()
    assert who.post(ONE, body(live, 1)).status_code == 201
    changed = body(live, 1, output="refuse")
    with nothing_left():
        refused(who.post(ONE, changed), 409, "reference_reused", "reference")
        found = who.post(MANY, {"decisions": [body(live, 2), changed]})
        refused(found, 409, "reference_reused", "reference")
        assert found.json()["references"] == ["APP-0000001"]


def test_people_tell_no_decisions_and_unknown_releases_take_none(live: Release) -> None:
    told = body(live, 1)
    others = [caller(name) for name in ("wang", "fu", "shen", "admin", "luo")]
    read_only = Caller(secret_of(person("gateway"), "read", actor=person("admin")))
    with nothing_left():
        for who in (*others, read_only):
            assert who.post(ONE, told).status_code == 403
            assert who.post(MANY, {"decisions": [told]}).status_code == 403
        assert Caller().post(ONE, told).status_code == 401
    who, unknown = gateway(), body(live, 1) | {"release": "REL-2020-000001"}
    with nothing_left():
        refused(who.post(ONE, unknown), 422, "unknown_release", "release")
        found = who.post(MANY, {"decisions": [body(live, 2), unknown]})
        refused(found, 422, "unknown_release", "release")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "text/csv"])
def test_another_content_type_is_not_read(live: Release, kind: str) -> None:
    who, told = gateway(), raw(live)
    with nothing_left():
        for path in (ONE, MANY):
            found = who.client.generic(
                "POST",
                f"/api/v1{path}",
                told,
                kind,
                headers={"Authorization": f"Bearer {who.secret}"},
            )
            refused(found, 415, "unsupported_media_type")


def test_numbers_are_kept_as_they_were_told(live: Release) -> None:
    who = gateway()
    for number, output in enumerate((3, 3.5, True, 2**60, -0.25, None)):
        assert who.post(ONE, body(live, number, output=output)).status_code == 201
    rows = Decision.objects.order_by("batch_id").values_list("body", flat=True)
    kept = [json.loads(row)["told"]["output"] for row in rows]
    assert json.dumps(kept) == json.dumps([3, 3.5, True, 2**60, -0.25, None])


def test_the_outcome_of_a_reference_until_its_case_is_decided(live: Release) -> None:
    who, place = gateway(), "/decisions/outcomes/"
    who.post(MANY, {"decisions": [body(live, 1), grey(live, 2)]})
    batch, case = Batch.objects.get(), Case.objects.get()
    plain = who.get(place, {"reference": "APP-0000001"}).json()
    assert (plain["answer"], plain["decision"], plain["case"]) == ("proceed", f"{batch.pk}-0", None)
    held = who.get(place, {"reference": "APP-0000002"}).json()
    assert (held["answer"], held["case"]["code"], held["case"]["state"]) == (
        "hold", case.code, "open",
    )  # fmt: skip
    services.claim(actor=person("fu"), case_id=case.pk)
    services.decide(
        actor=person("fu"), case_id=case.pk, outcome="override", reason_code="model_wrong",
        final_output="refuse",
    )  # fmt: skip
    done = who.get(place, {"reference": "APP-0000002"}).json()["case"]
    assert (done["state"], done["outcome"], done["final_output"]) == (
        "decided", "override", "refuse",
    )  # fmt: skip
    assert not {"decided_by", "viewed_by", "first_by", "note"} & set(done)
    refused(who.get(place, {"reference": "APP-9"}), 404, "not_found")
    refused(who.get(place), 400, "missing", "reference")
    refused(who.get(place, {"reference": "A\x00"}), 400, "missing", "reference")
    refused(caller("shen").get(place, {"reference": "APP-0000001"}), 403, "not_permitted",
            "post_decisions")  # fmt: skip


def test_a_proof_is_there_for_those_who_read_the_trail(live: Release) -> None:
    gateway().post(MANY, {"decisions": [body(live, n) for n in range(3)]})
    batch, place, auditor = Batch.objects.get(), "/decisions/proofs/", caller("shen")
    fresh = auditor.get(place, {"decision": f"{batch.pk}-1"}).json()
    assert (fresh["seal"], len(fresh["batch"]["path"])) == (None, 2)
    services.seal(actor=system())
    sealed = auditor.get(place, {"decision": f"CAS-{batch.pk}-1"}).json()
    assert sealed["seal"]["root"] == sealed["batch"]["root"] == batch.root
    for wrong in ("1", "1-", "-1", "a-b", "1-2-3", "1 -2", "1-+2", "9" * 30 + "-1", "1-9x"):
        refused(auditor.get(place, {"decision": wrong}), 400, "malformed", "decision")
    refused(auditor.get(place), 400, "missing", "decision")
    for none in (f"{batch.pk}-3", f"{batch.pk + 1}-0", "9" * 22 + "-1", "1-" + "9" * 22):
        refused(auditor.get(place, {"decision": none}), 404, "not_found")
    for who in ("wang", "fu"):
        asked = caller(who).get(place, {"decision": f"{batch.pk}-1"})
        refused(asked, 403, "not_permitted", "read_trail")
    assert decisions.unsound_seals(5) == []


def statements(who: Caller, count: int, mark: str) -> int:
    """How many statements a batch of so many runs."""
    told = [body(live_release(), n, reference=f"{mark}-{n}") for n in range(count)]
    with CaptureQueriesContext(connection) as found:
        assert who.post(MANY, {"decisions": told}).status_code == 201
    marks = ("SAVEPOINT", "RELEASE SAVEPOINT", "BEGIN", "COMMIT")
    return sum(not query["sql"].startswith(marks) for query in found.captured_queries)


def live_release() -> Release:
    return Release.objects.get()


def test_a_batch_of_one_costs_as_many_statements_as_one_of_five_hundred(live: Release) -> None:
    who = gateway()
    who.post(ONE, body(live, 1))
    found = [statements(who, count, str(count)) for count in (1, 500, 1_000)]
    assert found[0] == found[1] == found[2] <= 12
