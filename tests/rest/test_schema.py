"""What OpenAPI says is what the doors do."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import hypothesis
import pytest
import requests
import schemathesis
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.validation import validate_schema
from hypothesis import HealthCheck, Phase
from schemathesis.checks import not_a_server_error
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests import story
from tests.rest.actions import actions
from tests.rest.calling import API, Caller, caller

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
FEW_EXAMPLES = hypothesis.settings(
    max_examples=6,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
# Who has most buttons; one caller presses them all.
BY_PREFIX = {
    "/validations": "zhao",
    "/approvals": "mi",
    "/committees": "mi",
    "/ledger": "qian",
    "/roles": "admin",
    "/registrations": "wang",
    "/releases": "wang",
    "/versions": "li",
    "/deployments": "luo",
}


@cache
def document() -> dict[str, Any]:
    """The schema as the clients get it."""
    GENERATOR_STATS.reset()
    told = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]  # library
    plain: dict[str, Any] = json.loads(OpenApiJsonRenderer().render(told, renderer_context={}))
    return plain


@cache
def schema() -> Any:  # Any: schemathesis' own
    """The schema as schemathesis reads it."""
    return schemathesis.openapi.from_dict(document())


def operations() -> list[tuple[str, str]]:
    """(method, path) of every operation of the schema."""
    return [
        (method.upper(), path)
        for path, methods in document()["paths"].items()
        for method in methods
    ]


def test_the_schema_is_generated_without_a_warning_and_is_valid() -> None:
    document()
    assert GENERATOR_STATS._warn_cache == {}
    assert GENERATOR_STATS._error_cache == {}
    validate_schema(document())  # type: ignore[no-untyped-call]  # library


def test_every_action_stands_in_the_schema_and_nothing_else() -> None:
    described = {(method, path.removeprefix(API)) for method, path in operations()}
    assert described == {(action.method, action.path) for action in actions()}


def test_every_operation_documents_its_problems_and_how_to_sign_in() -> None:
    assert set(document()["components"]["securitySchemes"]) == {
        "bearer", "session", "signed_by_source",
    }  # fmt: skip
    for methods in document()["paths"].values():
        for operation in methods.values():
            label = operation["operationId"]
            problems = [status for status in operation["responses"] if status >= "400"]
            assert {"400", "401", "403", "404", "409", "422"} <= set(problems), label
            for status in problems:
                content = operation["responses"][status]["content"]
                reference = content["application/problem+json"]["schema"]["$ref"]
                assert reference == "#/components/schemas/Problem", label
            assert {"bearer": []} in operation["security"], label


def test_headers_are_documented_where_they_are_read() -> None:
    for action in actions():
        operation = document()["paths"][API + action.path][action.method.lower()]
        headers = {one["name"] for one in operation.get("parameters", []) if one["in"] == "header"}
        if action.name in action.door.needs_if_match:
            assert "If-Match" in headers, action.label
        if action.method == "GET":
            assert headers == set(), action.label


def test_operation_names_are_unique() -> None:
    names = [
        operation["operationId"]
        for methods in document()["paths"].values()
        for operation in methods.values()
    ]
    assert len(names) == len(set(names))


def _caller_for(path: str) -> str:
    for prefix, username in BY_PREFIX.items():
        if path.removeprefix(API).startswith(prefix):
            return username
    return "sun"


def _send(who: Caller, case: Any, known: str) -> Any:
    """The case, about an existing row where there is one, by the test's own client."""
    path = case.formatted_path.removeprefix(API)
    if known and "{id}" in case.path:
        path = case.path.removeprefix(API).replace("{id}", known)
    headers = {name: str(value) for name, value in (case.headers or {}).items()}
    headers["Authorization"] = f"Bearer {who.secret}"
    query = dict(case.query or {})
    address = API + path
    if case.method == "GET":
        return who.client.get(address, query, headers=headers)
    body: Any = case.body if isinstance(case.body, dict | list | str | int) else {}
    if case.media_type == "multipart/form-data":
        fields = {name: value for name, value in body.items() if value is not None}
        return who.client.post(address, fields, headers=headers)
    return who.client.generic(
        case.method, address, json.dumps(body), "application/json", headers=headers
    )


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "path"), operations(), ids=lambda value: str(value))
def test_an_operation_answers_as_it_says(method: str, path: str) -> None:
    operation = schema()[path][method]
    who = caller(_caller_for(path))
    known = _known(path, caller("shen"))

    @FEW_EXAMPLES
    @hypothesis.given(case=operation.as_strategy())
    def answers_as_it_says(case: Any) -> None:
        for key in {known, ""}:
            response = _send(who, case, key)
            case.validate_response(_as_requests(response, case), checks=CHECKS)

    answers_as_it_says()


def _as_requests(response: Any, case: Any) -> Response:
    """The answer in the form that schemathesis checks."""
    content = b"".join(response.streaming_content) if response.streaming else response.content
    request = requests.Request(case.method, f"http://testserver{case.formatted_path}").prepare()
    headers = {name: [value] for name, value in response.headers.items()}
    return Response(response.status_code, headers, content, request, 0.1, True)


def _known(path: str, auditor: Caller) -> str:
    """The key of a row of the collection, where the collection can be listed."""
    if "{id}" not in path:
        return ""
    collection = path.removeprefix(API).split("{id}")[0]
    if collection in {"/models/", "/versions/", "/releases/", "/model-uses/", "/grades/"}:
        story.register()
    if collection == "/ledger/exports/":
        return ""
    rows = auditor.get(collection).json().get("results", [])  # parked objects are no auditor's
    return str(rows[0]["id"]) if rows else ""


def test_the_maps_of_a_grading_say_what_they_hold() -> None:
    told = document()["components"]["schemas"]["NewRegistrationRequest"]["properties"]
    for name in ("answers", "classification", "factors", "facts", "reasons"):
        assert told[name]["type"] == "object"
        assert told[name]["additionalProperties"] != {}, name
    assert {"type": "boolean"} in told["facts"]["additionalProperties"]["oneOf"]


def test_the_docs_say_how_to_begin() -> None:
    for word in ("Bearer", "problem+json", "Idempotency-Key", "/questionnaire/", "If-Match"):
        assert word in document()["info"]["description"], word
