"""A gateway's client for Mingce: asks before each decision of a model takes effect.

One file, standard library only, Python 3.10 or newer: copy it and change it as you need.

    gateway = Gateway("https://models.bank.example", token, "REL-2026-000001")
    answer = gateway.decide("APP-0000001", "approve", {"score": 0.81, "amount": 52000})
    if answer.answer == "proceed": ...

Rules that it keeps, and that another client should keep as well:

- a decision is told before it takes effect, and only "proceed" lets it take effect unchanged;
- what was not answered is told again with the same reference and the same bytes: the register
  takes a reference once and answers a repetition as before;
- where the register does not answer at all, the fail-safe of the release's plan decides here:
  "hold" waits, "stop_list" goes on only by a list of stops that is young enough. Such an answer
  says `is_local`: tell the decision again, with the same reference, once the register answers;
- what the register refuses (4xx) is a mistake to mend: it is raised, never retried or let go on;
- neither fields nor outputs nor references are ever logged. Send references and digests, no names.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import logging
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

log = logging.getLogger("mingce.gateway")

ANSWERS = ("proceed", "hold", "restricted", "stop")
FAIL_SAFES = ("hold", "stop_list")
MOST = 1_000  # decisions at once
MOST_BYTES = 8 * 1024 * 1024  # of an answer
AGAIN = (429, 500, 502, 503, 504)  # the register, or what stands before it, has trouble
WAITING = ("open", "second", "escalated")
LOOPBACK = ("127.0.0.1", "::1", "localhost")
Scalar = str | int | float | bool | None


class NoAnswer(Exception):
    """The register did not answer in time, or not as it should."""


class Refused(Exception):
    """The register refuses what was sent: `code` is stable, `field` the place of the mistake."""

    def __init__(self, status: int, code: str, detail: str, place: str) -> None:
        super().__init__(f"{status} {code}: {detail} {place}".rstrip())
        self.status, self.code, self.detail, self.field = status, code, detail, place


@dataclass(frozen=True)
class Decision:
    """What is told of one decision. Its repr shows neither output nor fields."""

    reference: str
    output: Scalar = field(repr=False)
    fields: Mapping[str, Scalar] = field(repr=False)
    confidence: float | None = None
    input_digest: str | None = None  # sha256 of the input, in hexadecimal
    explanation_ref: str = ""
    link: str = ""  # your page of the decision, for whoever decides its case


@dataclass(frozen=True)
class Answer:
    """What to do: proceed; hold (wait for the case); restricted (fall back); stop."""

    reference: str
    answer: str
    checkpoints: tuple[str, ...] = ()
    case: str = ""
    due_at: str = ""
    limits: str = ""
    page: str = ""  # where a person decides the case
    is_local: bool = False  # the fail-safe's answer: tell the decision again


@dataclass(frozen=True)
class Outcome:
    """What has become of a decision; `state` is empty where no person looks at it.

    decided: `outcome` is accept, or override with `final_output`. lapsed: nobody decided in time,
    `effect` says what happens instead, and it is never an approval.
    """

    reference: str
    answer: str
    state: str = ""
    outcome: str = ""
    final_output: str = ""
    effect: str = ""
    due_at: str = ""

    @property
    def is_waiting(self) -> bool:
        """Whether a person still has to decide."""
        return self.state in WAITING


@dataclass(frozen=True)
class StopList:
    """The orders in force when the list was asked for, by a clock that is never set."""

    etag: str
    orders: Mapping[str, frozenset[str]]  # a release's code → the kinds of its orders
    asked_at: float

    def kinds(self, release: str) -> frozenset[str]:
        """The kinds of orders that hold for the release."""
        return self.orders.get(release, frozenset())


@dataclass
class Gateway:
    """One release's client; may be used by many threads.

    timeout_seconds: for each attempt, from connecting to the last byte; attempts: how often in
    all; list_seconds: how old the stop list may be for the fail-safe to go on by it.
    """

    base_url: str
    token: str = field(repr=False)
    release: str
    fail_safe: str = "hold"
    timeout_seconds: float = 2.0
    attempts: int = 3
    pause_seconds: float = 0.1
    list_seconds: float = 60.0
    _list: StopList | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        if self.fail_safe not in FAIL_SAFES:
            raise ValueError(f"the fail-safe is one of {', '.join(FAIL_SAFES)}")
        if parts.scheme != "https" and parts.hostname not in LOOPBACK:
            raise ValueError("a token goes over https only")
        self._root = parts.path.rstrip("/") + "/api/v1"

    # --- telling

    def decide(
        self,
        reference: str,
        output: Scalar,
        fields: Mapping[str, Scalar],
        *,
        confidence: float | None = None,
        input_digest: str | None = None,
        explanation_ref: str = "",
        link: str = "",
    ) -> Answer:
        """What to do with the decision. Raises Refused; without any answer the fail-safe says."""
        one = Decision(reference, output, fields, confidence, input_digest, explanation_ref, link)
        body = _json(self._told(one))
        try:
            return _answer(self._ask("POST", "/decisions/", body), reference)
        except NoAnswer:
            return self._fallen_back([one])[0]

    def decide_many(self, decisions: Sequence[Decision]) -> list[Answer]:
        """The same for up to a thousand, in their order: all are recorded or none is."""
        if not 1 <= len(decisions) <= MOST:
            raise ValueError(f"from 1 to {MOST} decisions at once")
        body = _json({"decisions": [self._told(one) for one in decisions]})
        try:
            found = self._ask("POST", "/decisions/batch/", body).get("answers")
            if not isinstance(found, list) or len(found) != len(decisions):
                raise NoAnswer("too many or too few answers")
            return [_answer(row, one.reference) for row, one in zip(found, decisions, strict=True)]
        except NoAnswer:
            return self._fallen_back(decisions)

    def _told(self, one: Decision) -> dict[str, Any]:
        told = {
            "release": self.release, "reference": one.reference, "output": one.output,
            "confidence": one.confidence, "input_digest": one.input_digest,
            "explanation_ref": one.explanation_ref, "fields": dict(one.fields),
        }  # fmt: skip
        told |= {"link": one.link} if one.link else {}
        return {name: value for name, value in told.items() if value is not None}

    # --- what has become of it

    def outcome(self, reference: str) -> Outcome | None:
        """What has become of the decision; None where it was never told. Raises NoAnswer."""
        try:
            found = self._ask("GET", f"/decisions/outcomes/?reference={quote(reference, safe='')}")
        except Refused as refusal:
            if refusal.status == 404 and refusal.code == "not_found":
                return None
            raise
        case = found.get("case") or {}
        names = ("state", "outcome", "final_output", "effect", "due_at")
        told = {name: str(case.get(name) or "") for name in names}
        return Outcome(reference, str(found.get("answer")), **told)

    def wait(self, reference: str, *, seconds: float, every_seconds: float = 5.0) -> Outcome | None:
        """The outcome as soon as nobody has to decide any more, or as it is after so long."""
        deadline = time.monotonic() + seconds
        while True:
            found = None
            with contextlib.suppress(NoAnswer):
                found = self.outcome(reference)
                if found is not None and not found.is_waiting:
                    return found
            if time.monotonic() + every_seconds > deadline:
                return found
            time.sleep(every_seconds)

    # --- the fail-safe

    def refresh_stop_list(self) -> bool:
        """Whether the list is now as the register has it; call it every few seconds.

        The list's signature is not checked here: https says who answers. Check it
        with `docs/verify_stop_list.py` where the list comes by other ways.
        """
        known, asked_at = self._list, time.monotonic()
        try:
            headers = {"If-None-Match": known.etag} if known and known.etag else {}
            status, told, found = self._once("GET", "/stop-list/", None, headers)
            if status == 304 and known:
                self._list = StopList(known.etag, known.orders, asked_at)
            elif status == 200:
                self._list = StopList(told.get("etag", ""), _orders(_object(found)), asked_at)
            else:
                raise NoAnswer(f"status {status}")
        except NoAnswer as why:
            log.warning("the stop list was not read: %s", why)
            return False
        return True

    def _fallen_back(self, decisions: Sequence[Decision]) -> list[Answer]:
        answer = self._fail_safe_answer()
        log.error("%s: no answer for %d, locally: %s", self.release, len(decisions), answer)
        return [Answer(one.reference, answer, is_local=True) for one in decisions]

    def _fail_safe_answer(self) -> str:
        """Hold; by the stop list also stop, restricted or proceed, if the list is young enough."""
        known = self._list
        if self.fail_safe != "stop_list" or known is None:
            return "hold"
        kinds = known.kinds(self.release)
        if "stop" in kinds:
            return "stop"  # however old the list is
        if time.monotonic() - known.asked_at > self.list_seconds:
            return "hold"
        return "restricted" if kinds else "proceed"

    # --- HTTP

    def _ask(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        """The JSON of the answer, after some attempts. Raises NoAnswer, Refused."""
        why = ""
        for attempt in range(self.attempts):
            if attempt:
                time.sleep(self.pause_seconds * 2 ** (attempt - 1))
            try:
                status, _headers, found = self._once(method, path, body, {})
                if status in AGAIN:
                    raise NoAnswer(f"status {status}")
                if 200 <= status < 300:
                    return _object(found)
                raise _refusal(status, found)
            except NoAnswer as failure:
                why = str(failure)
                log.warning("attempt %d of %d: %s", attempt + 1, self.attempts, why)
        raise NoAnswer(why)

    def _once(
        self, method: str, path: str, body: bytes | None, more: Mapping[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers (in small letters) and body; redirections are not followed."""
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json", **more}
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection = self._connection()
        ended: threading.Timer | None = None
        begun = time.monotonic()
        try:
            connection.connect()
            left = self.timeout_seconds - (time.monotonic() - begun)
            ended = threading.Timer(left, _cut, [connection.sock])
            ended.daemon = True
            ended.start()
            connection.request(method, self._root + path, body, headers)
            answer = connection.getresponse()
            found = answer.read(MOST_BYTES + 1)
            if len(found) > MOST_BYTES or (answer.length or 0) > 0:
                raise NoAnswer("the answer is too long, or was cut off")
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, found
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswer(type(error).__name__) from error
        finally:
            if ended is not None:
                ended.cancel()
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        parts, patience = urlsplit(self.base_url), self.timeout_seconds
        if parts.scheme == "https":
            return http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=patience)
        return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=patience)


def _cut(talk: socket.socket) -> None:
    """The time is over, however slowly and steadily the other side talks."""
    with contextlib.suppress(OSError):
        talk.shutdown(socket.SHUT_RDWR)


def _json(told: object) -> bytes:
    """The body. Raises ValueError for numbers that JSON does not have."""
    return json.dumps(told, allow_nan=False).encode()


def _object(body: bytes) -> dict[str, Any]:
    """The JSON object in the body; a proxy's page is no answer."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NoAnswer("the answer is not JSON") from error
    if not isinstance(found, dict):
        raise NoAnswer("the answer is no object")
    return found


def _answer(row: object, reference: str) -> Answer:
    """The answer to this reference; one that is not understood is none."""
    if not isinstance(row, dict) or row.get("answer") not in ANSWERS:
        raise NoAnswer("an answer that is not known")
    if row.get("reference") != reference:
        raise NoAnswer("the answer to another reference")
    return Answer(
        reference, row["answer"], tuple(row.get("checkpoints") or ()), row.get("case") or "",
        row.get("due_at") or "", row.get("limits") or "", row.get("page") or "",
    )  # fmt: skip


def _refusal(status: int, body: bytes) -> Exception:
    """The register's problem; what is no problem of its own was said by something else."""
    told = _object(body)
    if "code" not in told:
        return NoAnswer(f"status {status}")
    place = str(told.get("field", ""))
    return Refused(status, str(told["code"]), str(told.get("detail", "")), place)


def _orders(envelope: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """Release → the kinds of its orders. Raises NoAnswer where any of it is not understood."""
    try:
        told = json.loads(base64.b64decode(envelope["payload"], validate=True))
        kinds = {str(one["id"]): str(one["kind"]) for one in told["orders"]}
        return {
            str(one["code"]): frozenset(kinds[order] for order in one["orders"])
            for one in told["releases"]
        }
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise NoAnswer("the stop list is not understood") from error
