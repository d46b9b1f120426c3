"""What each connector makes of its system's own words; and of answers that are none."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
import tracemalloc
from typing import Any

import pytest

from registry.connectors import huggingface, kubeflow, mlflow, sagemaker, shapes
from registry.connectors.mlflow import digest_of, listing
from registry.connectors.shapes import Answer, Ask, Connector, Found, Trouble
from tests.registry.connectors.playing import NEXT, playing, recording

D = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
READERS: dict[str, tuple[Connector, str]] = {
    "mlflow": (mlflow.read, ""), "kubeflow": (kubeflow.read, ""),
    "sagemaker": (sagemaker.read, ""), "huggingface": (huggingface.read, "bank-ai"),
}  # fmt: skip


def read(name: str, since: dt.datetime | None = None) -> list[Found]:
    reader, scope = READERS[name]
    return list(reader(playing(recording(name)), scope, since))


def moment(milliseconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(milliseconds / 1000, tz=dt.UTC)


def brief(found: list[Found]) -> list[tuple[Any, ...]]:
    return [(one.name, one.version, one.digest, one.words, one.runs) for one in found]


def test_mlflow_tells_versions_with_their_aliases_and_stages() -> None:
    found = read("mlflow")
    assert brief(found) == [
        ("credit-scorecard", "4", "b" * 64, ("candidate",), False),
        ("credit-scorecard", "3", D, ("champion", "Production"), False),
        ("churn-uplift", "1", "", ("Staging",), False),
    ]
    assert found[0].updated_at == moment(1795420062000)
    assert found[0].url == "/#/models/credit-scorecard/versions/4"
    assert found[0].raw["source"] == "s3://models/credit-scorecard/4"


def test_mlflow_reads_what_has_changed_and_what_aliases_name() -> None:
    asked: list[str] = []
    fetch = playing(recording("mlflow"), asked)
    found = list(mlflow.read(fetch, "", moment(1795415000000)))
    assert [(one.version, one.words) for one in found] == [
        ("4", ("candidate",)), ("3", ("champion", "Production")),
    ]  # fmt: skip
    assert len(asked) == 3


def test_kubeflow_tells_what_is_served_and_where() -> None:
    found = read("kubeflow")
    assert brief(found) == [
        ("churn-uplift", "v2", "", ("LIVE", "prod", "DEPLOYED"), True),
        ("credit-scorecard", "3", D, ("LIVE", "Production", "prod", "DEPLOYED"), True),
        ("churn-uplift", "v1", "", ("ARCHIVED",), False),
    ]
    assert (found[1].endpoint, found[1].raw["uri"]) == ("prod/credit", "s3://models/credit/3")
    changed = read("kubeflow", moment(1795415000000))
    assert [one.version for one in changed] == ["v2", "3"]  # whatever is served is looked at


def test_sagemaker_tells_packages_with_their_approval() -> None:
    found = read("sagemaker")
    assert brief(found) == [
        ("credit-scorecard", "2", D, ("Approved", "Production"), False),
        ("credit-scorecard", "1", "", ("PendingManualApproval",), False),
    ]
    assert found[0].updated_at == moment(1795420100250)


def test_hugging_face_tells_repositories_with_the_digest_of_their_weights() -> None:
    found = read("huggingface")
    many = digest_of({"a.bin": "a" * 64, "b.bin": "b" * 64})
    assert brief(found) == [
        ("bank-ai/credit-llm", "0123456789ab", D, ("private", "gated", "text-generation"), False),
        ("bank-ai/embedder", "fedcba987654", many, (), False),
    ]
    assert found[0].raw["licence"] == "apache-2.0"
    since = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    assert [one.name for one in read("huggingface", since)] == ["bank-ai/credit-llm"]


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer(401, b"{}"), "not_let_in"),
        (Answer(403, b"{}"), "not_let_in"),
        (Answer(404, b"{}"), "not_found"),
        (Answer(302, b""), "failed"),
        (Answer(500, b"<h1>Oops</h1>"), "failed"),
        (Answer(200, b"<html>Please log in</html>"), "no_json"),
        (Answer(200, b"\xff\xfe"), "no_json"),
        (Answer(200, b"[" * 100_000), "no_json"),
    ],
)
def test_what_is_no_answer_of_the_system_is_told_apart(
    name: str, answer: Answer, code: str
) -> None:
    reader, scope = READERS[name]
    with pytest.raises(Trouble) as caught:
        list(reader(lambda ask: answer, scope, None))
    assert caught.value.code == code


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize(
    "body",
    [
        b"null", b'"ok"', b'{"message":"maintenance"}', b'{"error_code":"RESOURCE_EXHAUSTED"}',
        b'{"registered_models":null,"items":null}', b'{"model_versions":7,"items":"x"}',
    ],
)  # fmt: skip
def test_an_answer_without_the_list_is_none(name: str, body: bytes) -> None:
    reader, scope = READERS[name]
    with pytest.raises(Trouble, match="unexpected"):
        list(reader(lambda ask: Answer(200, body), scope, None))


@pytest.mark.parametrize("name", READERS)
def test_nothing_at_all_is_an_empty_list_of_mlflow_alone(name: str) -> None:
    reader, scope = READERS[name]
    if name == "mlflow":
        assert list(reader(lambda ask: Answer(200, b"{}"), scope, None)) == []
        return
    with pytest.raises(Trouble, match="unexpected"):
        list(reader(lambda ask: Answer(200, b"{}"), scope, None))


def test_versions_without_any_model_are_no_answer() -> None:
    """Else every alias would be lost, and nothing would run there."""
    fetch = playing(recording("mlflow"))

    def half(ask: Ask) -> Answer:
        return Answer(200, b"{}") if "registered-models" in ask.path else fetch(ask)

    with pytest.raises(Trouble, match="unexpected"):
        list(mlflow.read(half, "", None))


def test_the_endpoint_is_the_same_in_whatever_order_services_are_told() -> None:
    told = recording("kubeflow")
    key = next(one for one in told if "inference_services" in one)
    twin = told[key]["items"][0] | {"name": "a-twin"}
    found = []
    for items in ([twin, *told[key]["items"]], [*told[key]["items"], twin]):
        answers = told | {key: told[key] | {"items": items}}
        rows = kubeflow.read(playing(answers), "", None)
        found.append({one.endpoint for one in rows if one.runs})
    assert found[0] == found[1]
    assert "prod/a-twin" in found[0]


def test_a_server_that_never_ends_is_left() -> None:
    body = b'{"next_page_token": "again", "registered_models": []}'
    with pytest.raises(Trouble, match="too_long"):
        list(mlflow.read(lambda ask: Answer(200, body), "", None))


TURNING = {
    "mlflow": {"next_page_token": "again", "registered_models": [], "model_versions": []},
    "kubeflow": {"nextPageToken": "again", "items": []},
    "sagemaker": {
        "NextToken": "again", "ModelPackageGroupSummaryList": [], "ModelPackageSummaryList": [],
    },
    "huggingface": [],
}  # fmt: skip


@pytest.mark.parametrize("name", READERS)
def test_a_page_that_was_told_before_ends_the_reading(name: str) -> None:
    reader, scope = READERS[name]
    asked: list[Ask] = []

    def fetch(ask: Ask) -> Answer:
        asked.append(ask)
        return Answer(200, json.dumps(TURNING[name]).encode(), {"link": NEXT})

    with pytest.raises(Trouble, match="too_long: a page leads back"):
        list(reader(fetch, scope, None))
    assert len(asked) == 2


def test_of_a_model_only_its_aliases_are_kept() -> None:
    """Two hundred pages of models in a process that has room for a few."""
    row = {"name": "m", "description": "x" * 1_000_000, "aliases": [{"alias": "a", "version": "1"}]}
    pages = iter(range(200))

    def fetch(ask: Ask) -> Answer:
        if "model-versions" in ask.path:
            return Answer(200, b"{}")
        told = {"registered_models": [row], "next_page_token": str(next(pages, ""))}
        return Answer(200, json.dumps(told).encode())

    tracemalloc.start()
    try:
        assert list(mlflow.read(fetch, "", None)) == []
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()


def test_more_aliases_than_anybody_gives_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MOST_ALIASES", 3)
    told = {"registered_models": [{"name": "m", "aliases": [{"alias": "a"}] * 4}]}
    with pytest.raises(Trouble, match="too_long"):
        list(mlflow.read(lambda ask: Answer(200, json.dumps(told).encode()), "", None))


def test_an_answer_of_very_many_values_is_not_read() -> None:
    body = b'{"registered_models": [' + b"{}," * 600_000 + b"{}]}"
    with pytest.raises(Trouble, match="too_long"):
        list(mlflow.read(lambda ask: Answer(200, body), "", None))


@pytest.mark.parametrize(
    ("told", "moment"),
    [
        ("2026-11-23T10:00:00Z", dt.datetime(2026, 11, 23, 10, tzinfo=dt.UTC)),
        ("2026-11-23T10:00:00", dt.datetime(2026, 11, 23, 10, tzinfo=dt.UTC)),
        ("2026-11-23T18:00:00+08:00", dt.datetime(2026, 11, 23, 10, tzinfo=dt.UTC)),
        ("9999-12-31T23:59:59-14:00", None),
        ("9999-12-31T23:59:59Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("1969-12-31T23:59:59Z", None),
        ("soon", None),
    ],
)
def test_a_moment_is_told_in_utc_or_is_none(told: str, moment: dt.datetime | None) -> None:
    found = shapes.from_iso(told)
    assert (found, found and found.tzinfo) == (moment, moment and dt.UTC)


@pytest.mark.parametrize("told", [1e300, "1e12", 253_402_300_799, "nan", "inf", -1, True, None, []])
def test_a_number_that_is_no_moment_of_our_time_is_none(told: object) -> None:
    assert shapes.from_seconds(told) in (None, dt.datetime(1970, 1, 1, 0, 0, 1, tzinfo=dt.UTC))


@pytest.mark.parametrize("tags", [1.5, "nlp", {"a": 1}, True, None])
def test_tags_that_are_no_list_are_none(tags: object) -> None:
    row = {"id": "bank-ai/m", "sha": "a" * 40, "tags": tags}

    def fetch(ask: Ask) -> Answer:
        return Answer(200, json.dumps([row] if ask.path == "/api/models" else row).encode())

    (found,) = huggingface.read(fetch, "bank-ai", None)
    assert (found.version, found.words) == ("a" * 12, ())


def test_aws_denies_in_the_body() -> None:
    answer = Answer(400, b'{"__type":"AccessDeniedException","Message":"no"}')
    with pytest.raises(Trouble, match="not_let_in"):
        list(sagemaker.read(lambda ask: answer, "", None))


# The signatures that AWS publishes with its test suite for version 4.
SUITE = {
    "get-vanilla": (
        Ask("/"), "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    "post-vanilla": (
        Ask("/", method="POST"),
        "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    ),
    "get-vanilla-query-order-key-case": (
        Ask("/", (("Param2", "value2"), ("Param1", "value1"))),
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SUITE)
def test_calls_are_signed_as_aws_publishes(case: str) -> None:
    ask, signature = SUITE[case]
    headers = sagemaker.signed(
        ask, host="example.amazonaws.com", region="us-east-1", service="service",
        key="AKIDEXAMPLE", secret="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        now=dt.datetime(2015, 8, 30, 12, 36, tzinfo=dt.UTC),
    )  # fmt: skip
    assert headers["Authorization"].endswith(f"Signature={signature}")


def test_every_question_is_signed() -> None:
    seen: list[Ask] = []

    def fetch(ask: Ask) -> Answer:
        seen.append(ask)
        return Answer(200, b'{"ModelPackageGroupSummaryList": []}')

    asking = sagemaker.signing(
        fetch, host="h", region="r", key="k", secret="s", token="t",
        now=lambda: dt.datetime(2026, 11, 23, tzinfo=dt.UTC),
    )  # fmt: skip
    assert list(sagemaker.read(asking, "", None)) == []
    names = seen[0].headers["Authorization"].partition("SignedHeaders=")[2].partition(",")[0]
    assert names == "content-type;host;x-amz-date;x-amz-security-token;x-amz-target"


# MLflow's webhooks


def sent(secret: str, body: bytes, stamp: str = "1795420062") -> dict[str, str]:
    key = "58e47997-0597-43ac-809a-01e1bdf09629"
    made = hmac.new(secret.encode(), f"{key}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "x-mlflow-delivery-id": key, "x-mlflow-timestamp": stamp,
        "x-mlflow-signature": "v1," + base64.b64encode(made).decode(),
    }  # fmt: skip


def test_a_signed_webhook_is_mlflows_and_no_other_is() -> None:
    body, now = b'{"entity":"model_version"}', 1795420070.0
    headers = sent("secret", body)
    assert mlflow.signs("secret", headers, body, now)
    assert not mlflow.signs("other", headers, body, now)
    assert not mlflow.signs("secret", headers, body + b" ", now)
    assert not mlflow.signs("secret", headers, body, now + 301)
    assert not mlflow.signs("", sent("", body), body, now)
    for name in headers:
        assert not mlflow.signs("secret", headers | {name: ""}, body, now)
    assert not mlflow.signs("secret", sent("secret", body, "²"), body, now)
