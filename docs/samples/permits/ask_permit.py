#!/usr/bin/env python3
"""Asks Mingce whether an artifact may be deployed now, and keeps the signed permit.

One file, standard library only, Python 3.10 or newer: copy it and change it as you need.

    export MINGCE_URL=https://models.bank.example MINGCE_TOKEN=mc_…
    python ask_permit.py --file model.pkl --environment production --reference "$CI_PIPELINE_URL"

The artifact's SHA-256 (or --digest) must be that of a registered version. --version is needed where
several models have the same bytes, --use where the version is released for more than one use. The
permit is written to --out (permit.json), whole; verify it with verify_permit.py before deploying,
by the list of revoked permits as it is then:

    python ask_permit.py --list list.json

Exit status: 0 permitted; 1 denied, with every reason and its way out; 2 there was no answer, or
something is wrong with the question. Only 0 lets anything be deployed.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import os
import sys
import time
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

AGAIN = (429, 500, 502, 503, 504)  # the register, or what stands before it, has trouble
LOOPBACK = ("127.0.0.1", "::1", "localhost")
MOST_BYTES = 8 * 1024 * 1024  # of an answer


class NoAnswer(Exception):
    """The register did not answer, or not as it should."""


class Register:
    """The register's REST interface, with a token."""

    def __init__(
        self, url: str, token: str, *, attempts: int = 4, pause_seconds: float = 1
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in LOOPBACK:
            raise NoAnswer("a token goes over https only")
        self._parts, self._token = parts, token
        self._attempts, self._pause = attempts, pause_seconds

    def call(self, method: str, path: str, body: Any = None, key: str = "") -> tuple[int, Any]:
        """Status and JSON. What was not answered is asked again; with a key it is done once."""
        why = ""
        for attempt in range(self._attempts):
            time.sleep(self._pause * 2 ** (attempt - 1) if attempt else 0)
            try:
                status, found = self._once(method, path, body, key)
            except (OSError, http.client.HTTPException, ValueError) as error:
                why = f"{type(error).__name__}: {error}"
                continue
            if status not in AGAIN:
                return status, found
            why = f"status {status}"
        raise NoAnswer(why)

    def _once(self, method: str, path: str, body: Any, key: str) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        headers |= {"Idempotency-Key": key} if key else {}
        headers |= {"Content-Type": "application/json"} if body is not None else {}
        secure = self._parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(self._parts.hostname or "", self._parts.port, timeout=30)
        try:
            sent = None if body is None else json.dumps(body).encode()
            address = f"{self._parts.path.rstrip('/')}/api/v1{path}"
            connection.request(method, address, sent, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read(MOST_BYTES))
        finally:
            connection.close()


def digest_of(path: Path) -> str:
    """The file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() if _is_new() else _read(file)


def _is_new() -> bool:
    return hasattr(hashlib, "file_digest")  # Python 3.11


def _read(file: Any) -> str:
    found = hashlib.sha256()
    while chunk := file.read(1024 * 1024):
        found.update(chunk)
    return found.hexdigest()


def permit_in(found: Any) -> Any:
    """The answer, if it has a permit's shape. Raises NoAnswer."""
    try:
        _check_envelope(found["envelope"])
        texts = [found[name] for name in ("code", "digest", "environment", "expires_at")]
    except (AttributeError, KeyError, TypeError) as error:
        raise NoAnswer(f"this is no permit: {type(error).__name__}: {error}") from error
    if not all(isinstance(one, str) for one in texts):
        raise NoAnswer("this is no permit")
    return found


def _check_envelope(told: Any) -> None:
    """Raises NoAnswer, AttributeError, KeyError, TypeError."""
    texts = [told["payload"], told["payloadType"]]
    texts += [one[name] for one in told["signatures"] for name in ("keyid", "sig")]
    if len(texts) < 4 or not all(isinstance(one, str) for one in texts):
        raise NoAnswer("this is no DSSE envelope")


def fetch_list(register: Register, path: Path) -> int:
    """The file holds the list of revoked permits. Raises NoAnswer."""
    status, found = register.call("GET", "/permits/revocations/")
    if status != 200:
        raise NoAnswer(said(status, found))
    _check_envelope(found)
    path.write_text(json.dumps(found), encoding="utf-8")
    return 0


def said(status: int, found: Any) -> str:
    """A problem in one line."""
    problem = found if isinstance(found, dict) else {}
    return f"{status} {problem.get('code')}: {problem.get('detail')}"


def version_of(register: Register, digest: str) -> str:
    """The key of the one version with these bytes. Raises NoAnswer."""
    status, found = register.call("GET", f"/versions/?{urlencode({'digest': digest})}")
    if status != 200:
        raise NoAnswer(said(status, found))
    rows = found["results"]
    if len(rows) != 1:
        known = ", ".join(f"{row['label']} ({row['id']})" for row in rows) or "none"
        raise NoAnswer(f"one registered version must have the digest {digest}; found: {known}")
    return str(rows[0]["id"])


def told(problem: Any, language: str) -> str:
    """A denial for people: every reason, its way out, the page where it is mended."""
    lines = [str(problem.get("detail", ""))]
    for one in problem.get("reasons", []):
        key = f" [{one['key']}]" if one["key"] else ""
        lines.append(f"- {one['text'][language]}{key}")
        lines.append(f"  → {one['way_out'][language]}  {one['address']}")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Asks for a permit, or fetches the list."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--file", type=Path, help="the artifact")
    what.add_argument("--digest", help="its SHA-256")
    what.add_argument("--list", type=Path, help="fetch the list of revoked permits into this file")
    parser.add_argument("--environment")
    parser.add_argument("--version", help="the key of the registered version")
    parser.add_argument("--use", help="the key of the use for which it is deployed")
    parser.add_argument("--reference", default="", help="the build: a commit, a pipeline's address")
    parser.add_argument("--out", type=Path, default=Path("permit.json"))
    parser.add_argument("--language", choices=["zh", "en"], default="en")
    options = parser.parse_args(arguments)
    if options.list is None and not options.environment:
        parser.error("--environment is needed")
    # nothing of an earlier run is taken for this one's
    (options.list or options.out).unlink(missing_ok=True)
    if not all(os.environ.get(name) for name in ("MINGCE_URL", "MINGCE_TOKEN")):
        print("set MINGCE_URL and MINGCE_TOKEN", file=sys.stderr)
        return 2
    try:
        register = Register(os.environ["MINGCE_URL"], os.environ["MINGCE_TOKEN"])
        return fetch_list(register, options.list) if options.list else ask(register, options)
    except (NoAnswer, OSError, AttributeError, KeyError, TypeError, ValueError) as why:
        print(f"no answer: {type(why).__name__}: {why}", file=sys.stderr)
        return 2


def ask(register: Register, options: argparse.Namespace) -> int:
    """Asks, prints, writes the permit. Raises NoAnswer, and what a strange answer leads to."""
    digest = digest_of(options.file) if options.file else options.digest.removeprefix("sha256:")
    asked = {
        "version": options.version or version_of(register, digest), "digest": digest,
        "environment": options.environment, "use": options.use, "reference": options.reference,
    }  # fmt: skip
    status, found = register.call("POST", "/permits/", asked, key=str(uuid.uuid4()))
    if status == 409 and found.get("code") == "permit_denied":
        print(told(found, options.language), file=sys.stderr)
        return 1
    if status != 201:
        print(said(status, found), file=sys.stderr)
        return 2
    permit = permit_in(found)
    if (permit["digest"], permit["environment"]) != (digest, options.environment):
        raise NoAnswer("this is a permit for something else")
    options.out.write_text(json.dumps(permit, ensure_ascii=False), encoding="utf-8")
    print(f"{permit['code']} {options.environment} {digest} until {permit['expires_at']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
