#!/usr/bin/env python3
"""A Kubernetes admission webhook: what serves a model is rolled out only with a permit.

    MINGCE_TOKEN=mc_… python admit.py --keys keys.jwks.json --mingce https://models.bank.example \
        --environment production --cert tls.crt --key tls.key

Standard library, `cryptography`, and verify_permit.py copied beside this file. The pod template of
whatever starts pods (a bare pod itself) carries the permit, as POST /permits/ has answered,
in the annotation `mingce.dev/permit`. The container named by `mingce.dev/container` (by default the
first) must name its image by digest, and that digest must be the permit's: a version is registered
with the digest of its image. Every other container has the same image or one that the operator
allows (--allow, or MINGCE_ALLOWED_IMAGES: whole image names with digests, by commas). Permits are
short-lived and templates are not: what changes nothing of the template (scaling, a restart) needs
none, but for what starts from nothing; nor does what a controller of kube-system makes of a judged
template.

It fails closed: whatever can't be read, verified or found fresh is denied, and with
`failurePolicy: Fail` so is everything while it does not answer. The list of revoked permits is
fetched every minute; without a fresh one only break-glass permits pass, where --use names the use
for which they may.
"""

from __future__ import annotations

import argparse
import http.client
import json
import logging
import os
import re
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import verify_permit  # type: ignore[import-not-found]  # copied beside this file

log = logging.getLogger("mingce.admit")
PERMIT, CONTAINER = "mingce.dev/permit", "mingce.dev/container"
IMAGE = re.compile(r"[^@\s]+@sha256:([0-9a-f]{64})")
CONTROLLER = re.compile(r"system:serviceaccount:kube-system:[a-z-]+-controller")
KINDS = ("containers", "initContainers", "ephemeralContainers")
MOST_BYTES = 8 * 1024 * 1024
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Denied(Exception):
    """Why it is not rolled out."""


class Revocations:
    """The list of revoked permits as it was last fetched; none has been until the first time."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in LOOPBACK:
            raise SystemExit("a token goes over https only")
        self._parts, self._token = parts, token
        self.told: Any = None

    def fetch(self) -> bool:
        """Whether the list is now as the register has it."""
        secure = self._parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(self._parts.hostname or "", self._parts.port, timeout=10)
        try:
            path = f"{self._parts.path.rstrip('/')}/api/v1/permits/revocations/"
            connection.request("GET", path, headers={"Authorization": f"Bearer {self._token}"})
            answer = connection.getresponse()
            found = json.loads(answer.read(MOST_BYTES))
            if answer.status != 200:
                raise ValueError(f"status {answer.status}")
        except (OSError, http.client.HTTPException, ValueError) as error:
            log.warning("the list was not fetched: %s: %s", type(error).__name__, error)
            return False
        finally:
            connection.close()
        self.told = found  # verified whenever it is used
        return True

    def keep_fresh(self, every_seconds: float) -> None:
        """For ever."""
        while True:
            self.fetch()
            time.sleep(every_seconds)


class Gate:
    """What a pod template needs."""

    def __init__(
        self, keys: Any, revocations: Revocations, environment: str, use: str,
        allowed: frozenset[str] = frozenset(),
    ) -> None:  # fmt: skip
        self._keys, self._revocations = keys, revocations
        self._environment, self._use, self._allowed = environment, use, allowed

    def check(self, pod: Any) -> str:
        """The code of the permit by which such pods may run. Raises Denied."""
        try:
            notes = pod["metadata"].get("annotations") or {}
            digest = _image_digest(pod["spec"]["containers"], notes.get(CONTAINER))
            self._check_others(pod["spec"], digest)
            permit = verify_permit.read_json(notes[PERMIT], "the permit")
            found = verify_permit.verify(
                verify_permit.envelope_in(permit),
                self._keys,
                environment=self._environment,
                digest=digest,
                use=self._use or None,
                break_glass=bool(self._use),
                revocations=self._revocations.told,
            )
        except (verify_permit.Refused, verify_permit.Unusable) as refusal:
            if getattr(refusal, "code", "") == "list_needed":
                raise Denied("the list of revoked permits has not been fetched yet") from refusal
            raise Denied(str(refusal)) from refusal
        except (AttributeError, KeyError, TypeError) as error:
            raise Denied(f"it carries no readable permit in {PERMIT}") from error
        return str(found["permit"])

    def _check_others(self, spec: Any, digest: str) -> None:
        """Every container runs the model's image or an allowed one. Raises Denied."""
        for one in [row for kind in KINDS for row in spec.get(kind) or ()]:
            found = IMAGE.fullmatch(one["image"])
            if found is None or (found.group(1) != digest and one["image"] not in self._allowed):
                raise Denied(
                    f"the container {one['name']} has neither the model's image nor"
                    " one that is allowed"
                )


def _image_digest(containers: Any, name: str | None) -> str:
    """The digest by which the model's container names its image. Raises Denied."""
    rows = [one for one in containers if name is None or one["name"] == name]
    found = IMAGE.fullmatch(rows[0]["image"]) if rows else None
    if found is None:
        raise Denied("the model's container must name its image as …@sha256:<digest>")
    return found.group(1)


def to_judge(request: Any) -> Any:
    """The pod, or pod template, that needs a permit; None where nothing new would run."""
    new, old = request["object"], request.get("oldObject")
    if new["kind"] == "Scale":
        if _starts(new["spec"], (old or {}).get("spec", {})):
            raise Denied("it starts from nothing: apply it whole, with a permit")
        return None
    owners = new["metadata"].get("ownerReferences") or []
    asker = (request.get("userInfo") or {}).get("username", "")
    if any(one.get("controller") for one in owners) and CONTROLLER.fullmatch(asker):
        return None
    pod = _pod(new)
    if old is None or _starts(new["spec"], old["spec"]):
        return pod
    return None if _running(_pod(old)) == _running(pod) else pod


def _pod(told: Any) -> Any:
    """The pod, or the template of such pods."""
    if told["kind"] == "Pod":
        return told
    spec = told["spec"]
    return (spec["jobTemplate"]["spec"] if told["kind"] == "CronJob" else spec)["template"]


def _running(pod: Any) -> Any:
    """What a running pod's change can be about: its containers; of a template, all of it."""
    if pod.get("kind") != "Pod":
        return pod["spec"]
    return [
        (one["name"], one["image"], one.get("command"), one.get("args"))
        for kind in KINDS
        for one in pod["spec"].get(kind) or ()
    ]


def _starts(new: Any, old: Any) -> bool:
    """Whether pods would run where none did."""
    rises = old.get("replicas") == 0 and new.get("replicas", 1) != 0
    return rises or (bool(old.get("suspend")) and not new.get("suspend"))


def answer(review: Any, gate: Gate) -> dict[str, Any]:
    """The AdmissionReview that answers this one."""
    request = review["request"]
    told: dict[str, Any] = {"uid": request["uid"], "allowed": False}
    try:
        pod = to_judge(request)
        told |= {"auditAnnotations": {"permit": gate.check(pod) if pod is not None else "none"}}
        told["allowed"] = True
    except Denied as why:
        told["status"] = {"code": 403, "message": f"Mingce: {why}"}
    except Exception:  # whatever it is: closed
        log.exception("something could not be judged")
        told["status"] = {"code": 500, "message": "Mingce: this could not be judged"}
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": told}


def handler(gate: Gate) -> type[BaseHTTPRequestHandler]:
    """Answers AdmissionReviews."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 10  # seconds, the handshake too

        def do_POST(self) -> None:  # noqa: N802 (the library's name)
            try:
                size = int(self.headers.get("Content-Length", "0"))
                if not 0 < size <= MOST_BYTES:
                    raise ValueError("too long, or nothing")
                told = answer(json.loads(self.rfile.read(size)), gate)
            except (KeyError, TypeError, ValueError) as error:
                self.send_error(400, f"no AdmissionReview: {type(error).__name__}")
                return
            body = json.dumps(told).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:  # noqa: N802 (the library's name)
            """The probe."""
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            log.info(format, *args)

    return Handler


def main() -> None:
    """Serves until it is stopped."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--keys", required=True, metavar="JWKS")
    parser.add_argument("--mingce", required=True, metavar="URL")
    parser.add_argument("--environment", required=True)
    parser.add_argument("--use", default="", help="the use for which glass may be broken here")
    parser.add_argument(
        "--allow", action="append", default=[], metavar="IMAGE",
        help="an image, with its digest, that may run beside a model",
    )  # fmt: skip
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--host", default="0.0.0.0")  # noqa: S104 (a pod's own address)
    parser.add_argument("--port", type=int, default=8443)
    parser.add_argument("--list-seconds", type=float, default=60)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    content = Path(options.keys).read_bytes()
    keys = verify_permit.trusted_keys(verify_permit.read_json(content, "the keys"))
    revocations = Revocations(options.mingce, os.environ["MINGCE_TOKEN"])
    fresh = threading.Thread(
        target=revocations.keep_fresh, args=(options.list_seconds,), daemon=True
    )
    fresh.start()
    named = os.environ.get("MINGCE_ALLOWED_IMAGES", "").split(",") + options.allow
    allowed = frozenset(one.strip() for one in named if one.strip())
    gate = Gate(keys, revocations, options.environment, options.use, allowed)
    server = ThreadingHTTPServer((options.host, options.port), handler(gate))
    if options.cert:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(options.cert, options.key)
        server.socket = tls.wrap_socket(  # the handshake is the handler's: nobody waits for it
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    print(f"listening on {server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
