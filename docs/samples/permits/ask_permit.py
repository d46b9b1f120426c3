#!/usr/bin/env python3
"""Asks Mingce whether an artifact may be deployed now, and keeps the signed permit.

One file, standard library only, Python 3.10 or newer: copy it and change it as you need.

    export MINGCE_URL=https://models.bank.example MINGCE_TOKEN=mc_…
    python ask_permit.py --file model.pkl --environment production --reference "$CI_PIPELINE_URL"

The artifact's SHA-256 (or --digest) must be that of a registered version. --version is needed where
several models have the same bytes, --use where the version is released for more than one use. The
permit is written to --out (permit.json), whole; verify it with verify_permit.py before deploying.

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


def version_of(register: Register, digest: str) -> str:
    """The key of the one version with these bytes. Raises NoAnswer."""
    status, found = register.call("GET", f"/versions/?{urlencode({'digest': digest})}")
    if status != 200:
        raise NoAnswer(f"{status} {found.get('code')}: {found.get('detail')}")
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
    """Asks, prints, writes the permit."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--file", type=Path, help="the artifact")
    what.add_argument("--digest", help="its SHA-256")
    parser.add_argument("--environment", required=True)
    parser.add_argument("--version", help="the key of the registered version")
    parser.add_argument("--use", help="the key of the use for which it is deployed")
    parser.add_argument("--reference", default="", help="the build: a commit, a pipeline's address")
    parser.add_argument("--out", type=Path, default=Path("permit.json"))
    parser.add_argument("--language", choices=["zh", "en"], default="en")
    options = parser.parse_args(arguments)
    options.out.unlink(missing_ok=True)  # no permit of an earlier run is taken for this one's
    try:
        register = Register(os.environ["MINGCE_URL"], os.environ["MINGCE_TOKEN"])
        digest = digest_of(options.file) if options.file else options.digest.removeprefix("sha256:")
        asked = {
            "version": options.version or version_of(register, digest), "digest": digest,
            "environment": options.environment, "use": options.use, "reference": options.reference,
        }  # fmt: skip
        status, found = register.call("POST", "/permits/", asked, key=str(uuid.uuid4()))
    except KeyError as missing:
        print(f"set {missing.args[0]}", file=sys.stderr)
        return 2
    except (NoAnswer, OSError) as why:
        print(f"no answer: {why}", file=sys.stderr)
        return 2
    if status == 409 and found.get("code") == "permit_denied":
        print(told(found, options.language), file=sys.stderr)
        return 1
    if status != 201:
        print(f"{status} {found.get('code')}: {found.get('detail')}", file=sys.stderr)
        return 2
    options.out.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
    print(f"{found['code']} {options.environment} {digest} until {found['expires_at']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
