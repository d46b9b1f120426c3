"""The sample client for gateways: what it does when the register answers, badly or not at all."""

from __future__ import annotations

import base64
import json
import logging
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from docs.samples.gateway import Answer, Decision, Gateway, NoAnswer, Refused
from tests.contracts.stub import Dripping, Stub, answering, cut, gone, says

REFERENCE, RELEASE = "APP-1", "REL-2026-000001"
PROCEED: dict[str, Any] = {
    "reference": REFERENCE, "answer": "proceed", "checkpoints": [], "case": None,
    "due_at": None, "limits": "", "page": None,
}  # fmt: skip
HOLD = PROCEED | {
    "answer": "hold", "checkpoints": ["grey"], "case": "CAS-1-0", "due_at": "2026-11-26T08:00:00Z",
    "page": "https://models.bank.example/cases/1/",
}  # fmt: skip
LOCAL = Answer(REFERENCE, "hold", is_local=True)
PROBLEM = {"code": "reference_reused", "detail": "told before", "field": "reference"}
FAILING = ("gone", "cut", "500", "503", "429", "page", "list", "unknown", "another")


def client(server: Stub, **told: Any) -> Gateway:
    """A gateway of the stub that does not wait long."""
    given: dict[str, Any] = {"timeout_seconds": 5.0, "pause_seconds": 0.001} | told
    return Gateway(server.url, "secret", RELEASE, **given)


def ask(gateway: Gateway) -> Answer:
    return gateway.decide(REFERENCE, "approve", {"score": 0.8}, confidence=0.9)


def failing(kind: str) -> Any:
    """An answer that is none."""
    return {
        "gone": gone,
        "cut": cut(PROCEED | {"limits": "x" * 5_000}),
        "500": says(b"<h1>Server Error</h1>", 500),
        "503": says({"code": "unavailable"}, 503),
        "429": says({"code": "too_many_requests"}, 429, Retry_After="1000"),
        "page": says(b"<html>Please log in</html>"),
        "list": says([PROCEED]),
        "unknown": says(PROCEED | {"answer": "maybe"}),
        "another": says(PROCEED | {"reference": "APP-2"}),
    }[kind]


def test_what_is_told_and_answered() -> None:
    with answering(says(HOLD, 201)) as server:
        found = ask(client(server))
    (asked,) = server.asked
    assert found == Answer(
        REFERENCE, "hold", ("grey",), "CAS-1-0", "2026-11-26T08:00:00Z", "",
        "https://models.bank.example/cases/1/",
    )  # fmt: skip
    assert asked.line == "POST /api/v1/decisions/ HTTP/1.1"
    assert asked.headers["authorization"] == "Bearer secret"
    assert json.loads(asked.body) == {
        "release": RELEASE, "reference": REFERENCE, "output": "approve", "confidence": 0.9,
        "explanation_ref": "", "fields": {"score": 0.8},
    }  # fmt: skip


def test_a_link_is_told_where_there_is_one() -> None:
    with answering(says(PROCEED, 201)) as server:
        client(server).decide(REFERENCE, "approve", {}, link="https://los.bank.example/1")
    (asked,) = server.asked
    assert json.loads(asked.body)["link"] == "https://los.bank.example/1"


@pytest.mark.parametrize("kind", FAILING[:7])
def test_what_was_not_answered_is_told_again_to_the_byte(kind: str) -> None:
    with answering(failing(kind), says(PROCEED, 200)) as server:
        found = ask(client(server))
    assert (found.answer, found.is_local) == ("proceed", False)
    first, again = server.asked
    assert first == again


@pytest.mark.parametrize("kind", FAILING)
def test_without_an_answer_the_decision_waits(kind: str) -> None:
    with answering(failing(kind)) as server:
        assert ask(client(server)) == LOCAL
    assert len(server.asked) == (1 if kind in ("unknown", "another") else 3)


def test_where_nobody_listens_the_decision_waits() -> None:
    with answering(gone) as server:
        gateway = client(server)
    assert ask(gateway) == LOCAL


@pytest.mark.parametrize("told", [b"", b"HTTP/1.1 200 ok\r\nContent-Length: 9000\r\n\r\n{"])
def test_a_slow_answer_ends_in_time_however_steadily_it_comes(told: bytes) -> None:
    dripping = Dripping(told + b" " * 9_000)
    with answering(dripping) as server:
        begun = time.monotonic()
        found = ask(client(server, attempts=2, timeout_seconds=0.3))
        taken = time.monotonic() - begun
        dripping.until.set()
    assert found == LOCAL
    assert taken < 5.0  # two attempts of 0.3 s


def test_a_refusal_is_raised_once_and_never_let_go_on() -> None:
    for fail_safe in ("hold", "stop_list"):
        with answering(says(PROBLEM, 409)) as server, pytest.raises(Refused) as caught:
            ask(client(server, fail_safe=fail_safe))
        assert (caught.value.status, caught.value.code) == (409, "reference_reused")
        assert caught.value.field == "reference"
        assert len(server.asked) == 1


def test_a_redirection_is_not_followed() -> None:
    with answering(says(b"", 302, Location="http://127.0.0.1:1/")) as server:
        assert ask(client(server)) == LOCAL


def test_a_batch_is_answered_in_its_order_or_not_at_all() -> None:
    told = [Decision(f"APP-{n}", "approve", {"score": 0.8}) for n in (1, 2)]
    rows = [PROCEED, HOLD | {"reference": "APP-2"}]
    with answering(says({"answers": rows}, 201)) as server:
        found = client(server).decide_many(told)
    assert [one.answer for one in found] == ["proceed", "hold"]
    for wrong in (rows[:1], rows[::-1], "rows", None):
        with answering(says({"answers": wrong}, 201)) as server:
            found = client(server).decide_many(told)
        assert [(one.reference, one.answer, one.is_local) for one in found] == [
            ("APP-1", "hold", True), ("APP-2", "hold", True),
        ]  # fmt: skip


def test_what_cannot_be_told_is_not_sent() -> None:
    one = Decision(REFERENCE, "approve", {})
    with answering(says(PROCEED)) as server:
        gateway = client(server)
        for decisions in ([], [one] * 1_001):
            with pytest.raises(ValueError, match="from 1 to 1000"):
                gateway.decide_many(decisions)
        with pytest.raises(ValueError, match="not JSON compliant"):
            gateway.decide(REFERENCE, "approve", {"score": float("nan")})
    assert server.asked == []
    with pytest.raises(ValueError, match="https"):
        Gateway("http://models.bank.example", "secret", RELEASE)
    with pytest.raises(ValueError, match="fail-safe"):
        Gateway("https://models.bank.example", "secret", RELEASE, fail_safe="go_on")


def stops(*orders: tuple[str, list[str]], **headers: str) -> Any:
    """The stop list in its envelope."""
    codes = sorted({code for _kind, releases in orders for code in releases})
    told = {
        "orders": [{"id": str(n), "kind": kind} for n, (kind, _releases) in enumerate(orders)],
        "releases": [
            {"code": code,
             "orders": [str(n) for n, (_kind, releases) in enumerate(orders) if code in releases]}
            for code in codes
        ],
    }  # fmt: skip
    payload = base64.b64encode(json.dumps(told).encode()).decode()
    return says({"payload": payload, "payloadType": "x", "signatures": []}, 200, **headers)


class TestStopList:
    """The fail-safe that goes on, only by a list that is young enough."""

    def by(self, *lists: Any, seconds: float = 60.0) -> str:
        """What is answered locally after the lists were asked for, each once."""
        with answering(*lists) as server:
            gateway = client(server, fail_safe="stop_list", list_seconds=seconds)
            for _one in lists:
                gateway.refresh_stop_list()
        found = ask(gateway)
        assert found.is_local
        return found.answer

    def test_it_goes_on_where_no_order_is_about_its_release(self) -> None:
        assert self.by(stops()) == "proceed"
        assert self.by(stops(("stop", ["REL-2026-000002"]))) == "proceed"

    def test_it_obeys_an_order_about_its_release(self) -> None:
        assert self.by(stops(("restrict", [RELEASE]))) == "restricted"
        assert self.by(stops(("restrict", [RELEASE]), ("stop", ["x", RELEASE]))) == "stop"

    def test_it_waits_where_the_list_is_old_and_stops_by_it_however_old(self) -> None:
        assert self.by(stops(), seconds=0) == "hold"
        assert self.by(stops(("restrict", [RELEASE])), seconds=0) == "hold"
        assert self.by(stops(("stop", [RELEASE])), seconds=0) == "stop"

    @pytest.mark.parametrize(
        "told",
        [
            says({}), says([]), says(b"x"), says({"payload": "%%%"}), says({"payload": "e30="}),
            says({"payload": base64.b64encode(b'{"orders": [{"kind": "stop"}]}').decode()}),
            says({}, 404), says({}, 500), says({}, 304), gone,
        ],
    )  # fmt: skip
    def test_what_is_no_list_is_none(self, told: Any) -> None:
        assert self.by(told) == "hold"
        assert self.by(stops(("stop", [RELEASE])), told) == "stop"

    def test_a_list_that_has_not_changed_is_young_again(self) -> None:
        with answering(stops(ETag='"a"'), says(b"", 304)) as server:
            gateway = client(server, fail_safe="stop_list")
            assert gateway.refresh_stop_list()
            gateway.list_seconds = 0.2
            time.sleep(0.25)
            assert gateway.refresh_stop_list()
        assert server.asked[1].headers["if-none-match"] == '"a"'
        gateway.attempts = 1
        assert ask(gateway).answer == "proceed"

    def test_with_the_fail_safe_hold_no_list_lets_anything_go_on(self) -> None:
        with answering(stops()) as server:
            gateway = client(server)
            assert gateway.refresh_stop_list()
        assert ask(gateway) == LOCAL


class TestOutcomes:
    """What has become of a decision."""

    def test_a_reference_is_asked_for_as_it_is(self) -> None:
        with answering(says({"code": "not_found", "detail": "no"}, 404)) as server:
            assert client(server).outcome("A&B #1/申请") is None
        place = server.asked[0].line.split()[1]
        assert unquote(place) == "/api/v1/decisions/outcomes/?reference=A&B #1/申请"
        assert "&" not in place

    def test_it_waits_for_the_person_through_a_failure(self) -> None:
        case = {"state": "open", "outcome": "", "due_at": "2026-11-26T08:00:00Z"}
        done = case | {"state": "decided", "outcome": "override", "final_output": "refuse"}
        told = {"reference": REFERENCE, "answer": "hold"}
        with answering(
            says(told | {"case": case}), gone, gone, gone, says(told | {"case": done})
        ) as server:
            found = client(server).wait(REFERENCE, seconds=5, every_seconds=0.01)
        assert found is not None
        assert (found.is_waiting, found.outcome, found.final_output) == (
            False, "override", "refuse",
        )  # fmt: skip

    def test_it_ends_waiting_and_says_that_nobody_has_decided(self) -> None:
        told = {"reference": REFERENCE, "answer": "hold", "case": {"state": "open"}}
        with answering(says(told)) as server:
            found = client(server).wait(REFERENCE, seconds=0.05, every_seconds=0.02)
        assert found is not None
        assert found.is_waiting
        with answering(gone) as server, pytest.raises(NoAnswer):
            client(server).outcome(REFERENCE)


def test_nothing_of_a_decision_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    one = Decision("申请-77", "refuse-it", {"channel": "the-channel"})
    with caplog.at_level(logging.DEBUG), answering(failing("500")) as server:
        gateway = client(server)
        gateway.decide_many([one])
        gateway.decide(one.reference, one.output, one.fields)
    assert len(caplog.records) == 8
    said = caplog.text + repr(gateway)
    for private in ("申请-77", "refuse-it", "the-channel", "secret"):
        assert private not in said
    assert "refuse-it" not in repr(one)
    assert "the-channel" not in repr(one)


def test_it_stands_on_the_standard_library_alone() -> None:
    source = (Path(__file__).parents[2] / "docs" / "samples" / "gateway.py").read_text()
    named = {line.split()[1].split(".")[0] for line in source.splitlines()
             if line.startswith(("import ", "from "))}  # fmt: skip
    assert named <= {
        "__future__", "base64", "collections", "contextlib", "dataclasses", "http", "json",
        "logging", "socket", "threading", "time", "typing", "urllib",
    }  # fmt: skip
