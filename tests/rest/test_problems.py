"""Bad input is answered with a clear problem, never with a 500, and leaves nothing behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from registry.core.people.rules import Capability
from tests import story
from tests.refusals import changes, footprint
from tests.rest.actions import actions
from tests.rest.calling import NOBODY, PROBLEM, Caller, caller, problem
from tests.story import Story
from tests.world import head_office, person

pytestmark = pytest.mark.django_db
SURROGATE = '"\\ud800"'
DEEP = "[" * 100_000 + "]" * 100_000
HUGE = "9" * 5_000


@pytest.fixture
def wang() -> Caller:
    """The owner."""
    return caller("wang")


@pytest.fixture
def auditor() -> Caller:
    """Who may read everything."""
    return caller("shen")


@pytest.fixture
def administrator() -> Caller:
    """Who sees what an auditor does not: parked objects."""
    return caller("admin")


@pytest.fixture
def branch() -> Caller:
    """An owner of the branch, who sees nothing of the head office."""
    return caller("hai")


@pytest.fixture
def told(wang: Caller, auditor: Caller, branch: Caller) -> Iterator[Story]:
    """A registered model; whatever the test does then leaves nothing behind."""
    made = story.register()
    before = footprint()
    yield made
    assert changes(before) == {}


def registration() -> dict[str, Any]:
    """A registration that would be accepted."""
    owner, entity = str(person("wang").pk), str(head_office().pk)
    return {
        "model": {"name_zh": "反欺诈模型", "entity": entity, "owner": owner},
        "use_case": {
            "name_zh": "交易反欺诈", "purpose": "识别可疑交易", "entity": entity, "owner": owner,
        },
        "using_entity": entity,
        **{name: story.E01[name] for name in ("classification", "factors", "facts", "reasons")},
    }  # fmt: skip


def without(body: dict[str, Any], path: str) -> dict[str, Any]:
    """The body without the value at the dotted path."""
    copy = json.loads(json.dumps(body))
    *outer, last = path.split(".")
    inner = copy
    for part in outer:
        inner = inner[part]
    del inner[last]
    return dict(copy)


def put(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The body with the value at the dotted path."""
    copy = json.loads(json.dumps(body))
    *outer, last = path.split(".")
    inner = copy
    for part in outer:
        inner = inner[part]
    inner[last] = value
    return dict(copy)


MALFORMED = [
    ("an open brace", "{"),
    ("nothing but a word", "yes"),
    ("a trailing comma", '{"name": 1,}'),
    ("not a number", '{"factors": {"F1": NaN}}'),
    ("infinity", '{"factors": {"F1": -Infinity}}'),
    ("a number beyond every float", '{"facts": {"annual_volume": 1e999}}'),
    ("a whole number of 5000 digits", '{"facts": {"annual_volume": ' + HUGE + "}}"),
    ("a lone surrogate", '{"model": {"name_zh": ' + SURROGATE + "}}"),
    ("a lone surrogate in a key", '{"facts": {' + SURROGATE + ": 1}}"),
    ("a NUL character", '{"facts": {"a": "x\\u0000y"}}'),
    ("a key that stands twice", '{"model": {"name_zh": "真", "name_zh": "假"}}'),
    ("a direction turned round", json.dumps({"model": {"name_zh": "分\u202e卡"}})),
    ("a blank without width", json.dumps({"model": {"name_zh": "评\u200b分卡"}})),
    ("a soft hyphen", json.dumps({"model": {"name_zh": "评\u00ad分卡"}})),
    ("a joiner that joins nothing", json.dumps({"model": {"name_zh": "评\u200d分卡"}})),
    ("a letter that fills and shows nothing", json.dumps({"model": {"name_zh": "评\u3164分卡"}})),
    ("deep nesting of lists", DEEP),
    ("deep nesting of objects", '{"a":' * 100_000 + "1" + "}" * 100_000),
    ("nesting of forty levels", '{"facts": %s}' % ("[" * 40 + "]" * 40)),
    ("bytes that are not UTF-8", b'{"name": "\xff"}'),
    ("UTF-16", '{"name": "x"}'.encode("utf-16")),
    ("a text of 200 000 letters", json.dumps({"facts": {"a": "x" * 200_000}})),
]


@pytest.mark.parametrize(("case", "body"), MALFORMED, ids=[case for case, _ in MALFORMED])
def test_malformed_json_is_refused(wang: Caller, told: Story, case: str, body: Any) -> None:
    for path in ("/registrations/", "/grades/previews/", "/versions/", "/use-cases/"):
        found = problem(wang.post(path, body), 400, "malformed")
        assert "Traceback" not in found["detail"]


@pytest.mark.parametrize("body", ["[]", '"text"', "1", "null", "true"])
def test_a_body_that_is_no_object_is_refused(wang: Caller, told: Story, body: str) -> None:
    problem(wang.post("/registrations/", body), 400, "invalid")


def test_a_body_beyond_ten_megabytes_is_refused_unread(wang: Caller, told: Story) -> None:
    body = json.dumps({"purpose": "x" * (10 * 1024 * 1024)})
    problem(wang.post("/use-cases/", body), 413, "too_large")


def test_no_cache_keeps_what_one_person_may_see(wang: Caller, told: Story) -> None:
    for path in ("/models/", "/me/", "/nowhere/"):
        assert wang.get(path)["Cache-Control"] == "private, no-store"


def test_a_malformed_value_is_named_by_its_place(wang: Caller, told: Story) -> None:
    found = problem(wang.post("/versions/", '{"manifest": {"tools": ["a", "\\u0000"]}}'), 400)
    assert found["field"] == "manifest.tools[1]"


def test_every_action_refuses_malformed_json_alike(wang: Caller, told: Story) -> None:
    """Whatever is sent to whichever address: never a 500."""
    for action in actions():
        if action.method != "GET":
            path = action.path.replace("{id}", str(told.release.pk))
            for body in ("{", DEEP, "[]", '{"reason": ' + SURROGATE + "}"):
                response = wang.send(action.method, path, body)
                assert 400 <= response.status_code < 500, action.label
                assert response["Content-Type"] == PROBLEM, action.label


MISSING = [
    "model", "model.name_zh", "model.owner", "model.entity", "use_case", "use_case.name_zh",
    "use_case.purpose", "use_case.owner", "using_entity",
]  # fmt: skip


@pytest.mark.parametrize("path", MISSING)
def test_a_missing_field_is_named_with_its_place(wang: Caller, told: Story, path: str) -> None:
    found = problem(wang.post("/registrations/", without(registration(), path)), 400, "invalid")
    assert found["field"] == path
    assert found["errors"][0] | {"message": ""} == {
        "field": path, "message": "", "code": "required",
    }  # fmt: skip


WRONG = [
    ("model.name_zh", 7.5e3, ""),
    ("model.name_zh", ["x"], "invalid"),
    ("model.name_zh", "x" * 201, "max_length"),
    ("model.name_zh", "   ", "blank"),
    ("model.name_zh", None, "null"),
    ("model.owner", "wang", "invalid"),
    ("model.owner", NOBODY, "does_not_exist"),
    ("model.owner", {"id": 1}, "invalid"),
    ("model.entity", 10**30, "does_not_exist"),
    ("model.entity", True, "incorrect_type"),
    ("model.is_confidential", "perhaps", "invalid"),
    ("use_case", "text", "invalid"),
    ("use_case.owner", -1, "invalid"),
    ("factors", [1], "not_a_dict"),
    ("factors.F1", 5, "max_value"),
    ("factors.F1", 10**40, "max_value"),
    ("factors.F1", "high", "invalid"),
    ("reasons.F1", {"a": 1}, "invalid"),
]


@pytest.mark.parametrize(("path", "value", "code"), WRONG)
def test_a_value_of_the_wrong_type_is_named_with_its_place(
    wang: Caller, path: str, value: Any, code: str
) -> None:
    before = footprint()
    response = wang.post("/registrations/", put(registration(), path, value))
    if not code:  # a number is read as its text
        assert response.status_code == 201
        return
    found = problem(response, 400, "invalid")
    assert found["field"] == path
    assert found["errors"][0]["code"] == code
    assert changes(before) == {}


UNKNOWN = [
    ("classification.business_scenario", "space_travel"),
    ("classification.nonsense", "x"),
    ("classification.channel", "carrier_pigeon"),
    ("classification.channel", [["app"]]),
    ("classification.technique", {"a": "b"}),
    ("classification.technique", 3),
    ("facts.nonsense", True),
    ("facts.annual_volume", "very_many"),
    ("facts.annual_volume", [1]),
    ("facts.contract_effect", {"a": 1}),
    ("facts.contract_effect", 10**50),
    ("factors.F99", 1),
    ("answers.nonsense", "x"),
    ("answers", {"q_purpose": {"a": []}}),
]


@pytest.mark.parametrize(("path", "value"), UNKNOWN)
def test_a_code_that_the_pack_does_not_know_is_refused(
    wang: Caller, told: Story, path: str, value: Any
) -> None:
    body = put(registration() | {"answers": {}}, path, value)
    for address in ("/registrations/", "/grades/previews/"):
        response = wang.post(address, body)
        assert response.status_code in (400, 422), (address, response.content)
        assert problem(response, response.status_code)["field"], address


def test_an_unknown_key_and_an_invisible_row_are_answered_alike(
    told: Story, auditor: Caller, branch: Caller
) -> None:
    known = {
        "/models/{}/": told.registered.model.pk,
        "/versions/{}/": told.version.pk,
        "/use-cases/{}/": told.registered.use_case.pk,
        "/model-uses/{}/": told.registered.use.pk,
        "/releases/{}/": told.release.pk,
        "/releases/{}/gates/?to=S1": told.release.pk,
        "/grades/{}/": told.registered.grade.pk,
    }
    for path, key in known.items():
        assert auditor.get(path.format(key)).status_code == 200, path
        invisible, missing = branch.get(path.format(key)), branch.get(path.format(NOBODY))
        assert problem(invisible, 404, "not_found") == problem(missing, 404), path


def test_a_write_to_an_invisible_row_is_answered_like_one_to_a_missing_row(
    told: Story, auditor: Caller, branch: Caller
) -> None:
    for action in actions():
        if action.method != "GET" and action.path.startswith("/releases/{id}"):
            bodies = {"to": "S1", "requirement": "pilot_length", "reason": "因为这是必要的原因"}
            bodies |= {"kind": "alternative", "version": NOBODY}
            bodies |= {"compensating_measures": "人工复核", "expires_on": "2026-12-31"}
            answers = [
                branch.send(action.method, action.path.replace("{id}", str(key)), bodies)
                for key in (told.release.pk, NOBODY)
            ]
            assert answers[0].status_code in (403, 404), action.label
            assert answers[0].content == answers[1].content, action.label


def test_a_filter_by_an_invisible_key_is_answered_like_one_by_a_missing_key(
    told: Story, branch: Caller
) -> None:
    for key in (told.registered.model.pk, NOBODY):
        assert branch.get("/versions/", {"model": key}).json() == {"next": None, "results": []}
        assert branch.get("/model-uses/", {"model": key}).json()["results"] == []


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "POST"])
def test_a_method_that_an_address_does_not_have_is_refused(
    wang: Caller, told: Story, method: str
) -> None:
    for path in ("/me/", "/policy-packs/", f"/notices/{NOBODY}/"):
        response = wang.send(method, path)
        problem(response, 405, "method_not_allowed")
        assert "GET" in response["Allow"]


def test_a_wrong_media_type_is_refused(wang: Caller, told: Story) -> None:
    for kind in ("application/xml", "text/plain", "application/x-www-form-urlencoded", "x"):
        headers = {"Authorization": f"Bearer {wang.secret}"}
        response = wang.client.generic(
            "POST", "/api/v1/registrations/", "a=1", kind, headers=headers
        )
        problem(response, 415, "unsupported_media_type")
    problem(wang.post("/documents/", {"kind": "pia"}), 415, "unsupported_media_type")


def test_an_answer_in_another_format_is_not_to_be_had(wang: Caller, told: Story) -> None:
    problem(wang.get("/models/", Accept="text/csv"), 406, "not_acceptable")


def test_a_broken_form_is_refused(wang: Caller, told: Story) -> None:
    headers = {"Authorization": f"Bearer {wang.secret}"}
    for kind in ("multipart/form-data", "multipart/form-data; boundary=x"):
        response = wang.client.generic(
            "POST", "/api/v1/documents/", b"--x\r\n", kind, headers=headers
        )
        assert response.status_code == 400
        assert response["Content-Type"] == PROBLEM


def test_a_form_with_too_much_text_is_refused(wang: Caller, told: Story) -> None:
    file = SimpleUploadedFile("a.txt", b"text")
    fields = {"file": file, "statement": "x" * (11 * 1024 * 1024)}
    problem(wang.form("/documents/", fields), 413, "too_large")


BYTES = "\ud800".encode("utf-8", "surrogatepass")
NONSENSE = [
    "\x00", "x" * 5_000, "9" * 5_000, "-1e99999999", NOBODY, BYTES, "%00", "NaN", "{}", "''",
    "2026-02-30", "true", "ⅷ", "%",
]  # fmt: skip
PAGING = ("ordering", "page_size", "cursor", "count", "search")


def test_no_filter_breaks_a_list(auditor: Caller, administrator: Caller, told: Story) -> None:
    """Every filter of every list with the worst nonsense, by somebody who may read it."""
    others = dict.fromkeys((Capability.MANAGE_PEOPLE, Capability.MANAGE_CHANNELS), administrator)
    for action in actions():
        reader = others.get(action.capability or Capability.READ, auditor)
        for name in getattr(action.door, "filterset_fields", ()) if action.name == "list" else ():
            for value in NONSENSE[:5]:
                response = reader.get(action.path, {name: value})
                assert response.status_code in (200, 400), (action.path, name, value)
                if response.status_code == 400:
                    assert problem(response, 400, "invalid")["field"] == name, action.path


def test_no_nonsense_breaks_paging_or_filters(auditor: Caller, told: Story) -> None:
    """Every kind of nonsense, as every parameter of a list with many kinds of filters."""
    for path, names in (
        ("/models/", ("tier", "entity", "is_confidential", "code", *PAGING)),
        ("/resolutions/", ("year", "subject_id", "outcome", *PAGING)),
        ("/ledger/entries/", ("act", "kind", *PAGING)),
        ("/conditions/", PAGING),
    ):
        for name in names:
            for value in NONSENSE:
                response = auditor.get(path, {name: value})
                assert response.status_code in (200, 400), (path, name, value)
                if response.status_code == 400:
                    assert problem(response, 400).get("field", name) == name, path


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/versions/", {"model": "not-a-uuid"}),
        ("/models/", {"tier": "V"}),
        ("/models/", {"entity": "HO"}),
        ("/documents/", {"subject_id": "1"}),
        ("/systems/", {"protection_level": "many"}),
        ("/resolutions/", {"year": "9" * 30}),
    ],
)
def test_a_malformed_filter_is_refused_and_named(
    auditor: Caller, told: Story, path: str, query: Any
) -> None:
    found = problem(auditor.get(path, query), 400, "invalid")
    assert found["field"] == next(iter(query))


def test_near_duplicates_of_nonsense_are_none(wang: Caller, told: Story) -> None:
    for value in NONSENSE:
        response = wang.get("/registrations/near-duplicates/", {"name_zh": value, "name_en": value})
        assert response.status_code in (200, 400), value
        if response.status_code == 400:
            problem(response, 400, "malformed")


@pytest.mark.parametrize("to", ["", "S0", "S9", "s1", "\x00", "S6"])
def test_a_gate_to_nowhere_is_refused(wang: Caller, told: Story, to: str) -> None:
    response = wang.get(f"/releases/{told.release.pk}/gates/", {"to": to})
    assert problem(response, 400, "unknown_stage")["field"] == "to"


def test_a_refused_promotion_answers_with_the_gate(wang: Caller, told: Story) -> None:
    found = problem(
        wang.post(f"/releases/{told.release.pk}/promotions/", {"to": "S1"}), 409, "gate_closed"
    )
    gate = wang.get(f"/releases/{told.release.pk}/gates/", {"to": "S1"}).json()
    assert found["gate"] == gate
    assert gate["missing"]


def test_problems_are_told_in_the_language_of_the_caller(wang: Caller, told: Story) -> None:
    path = f"/models/{NOBODY}/"
    zh = wang.get(path, **{"Accept-Language": "zh-CN"}).json()
    en = wang.get(path, **{"Accept-Language": "en"}).json()
    assert en["detail"] == "There is nothing here."
    assert zh["detail"] != en["detail"]
    assert {**zh, "detail": ""} == {**en, "detail": ""}


@pytest.mark.parametrize("answer", [5, True, [None], {"a": 1}, [["x"]], 1.5, "ⅷ"])
def test_an_answer_of_a_wrong_kind_is_refused_with_its_question(answer: object) -> None:
    owner = caller("wang")
    for question in ("Q01", "Q04", "Q05", "Q07", "Q08", "Q14", "Q15"):
        response = owner.post("/grades/previews/", {"answers": {question: answer}})
        if response.status_code != 200:
            body = problem(response, 400)
            assert body["field"].startswith(("answers", "classification", "factors", "facts")), (
                question,
                answer,
                body,
            )


def test_a_refused_word_or_digest_says_what_would_do() -> None:
    who = caller("luo")
    body = {"release": str(story.register().release.pk), "environment": "moon", "digest": "a" * 64}
    answer = who.post("/deployments/", body)
    assert "production" in answer.json()["detail"]
    answer = who.post("/deployments/", body | {"environment": "test", "digest": "A"})
    assert "64" in answer.json()["detail"]
    problem(answer, 400, "invalid")


def test_a_token_without_the_scope_casts_no_vote() -> None:
    approval = story.to_approval(story.register())
    reader = caller("sun", "read")
    body = {"choice": "approve", "dossier_digest": approval.dossier_digest}
    refused = reader.post(f"/approvals/{approval.pk}/votes/", body)
    assert problem(refused, 403, "not_permitted")["field"] == "vote"
