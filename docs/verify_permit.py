#!/usr/bin/env python3
"""Verifies a Mingce deployment permit offline, without Mingce.

    python verify_permit.py PERMIT.json --keys keys.jwks.json --digest SHA256 \
        --environment production [--use ID] [--registry HOST] \
        (--revocations LIST.json [--not-before SEQUENCE] | --without-list | --break-glass) \
        [--now MOMENT]

Needs Python 3.9 or newer and `cryptography`. PERMIT.json is the answer of POST /api/v1/permits/, or
its `envelope` alone; the keys are those of GET /api/v1/permits/keys/, handed over beforehand on
another way; LIST.json is what GET /api/v1/permits/revocations/ has answered.

A permit is good for exactly this digest, environment (and use) while it lasts. The list must be
signed with one of the keys, be fresh, no older than --not-before, and not name the permit;
--without-list says that a revoked permit may pass. A break-glass permit names no digest: it is
taken only with --break-glass, for the --use, and by a list that may be old (it is for when nothing
can be asked); an ordinary permit needs the list there too. What lasts longer than Mingce lets it
is refused: 7 days for a permit, 90 for one that breaks glass, an hour for a list.

Prints one line of JSON. Exit status: 0 allowed, 1 refused, 2 something can't be read.
"""

import argparse
import base64
import datetime as dt
import hashlib
import hmac
import json
import sys
from pathlib import Path

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
except ImportError:
    print('{"allowed": false, "code": "unusable", "why": "needs: pip install cryptography"}')
    sys.exit(2)

STATEMENT_TYPE = "application/vnd.in-toto+json"
LIST_TYPE = "application/vnd.mingce.permit-revocations+json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://mingce.dev/attestation/deployment-permit/v1"
LONGEST, LONGEST_GLASS = dt.timedelta(days=7), dt.timedelta(days=90)
LONGEST_LIST = dt.timedelta(hours=1)
SKEW = dt.timedelta(seconds=60)  # clocks differ; an end is never put off


class Refused(Exception):
    """The permit does not allow the deployment. code: stable, for machines."""

    def __init__(self, code, told):
        super().__init__(told)
        self.code = code


class Unusable(Exception):
    """Something can't be read."""


def read_json(content, name):
    """Parsed JSON in which no key stands twice. Raises Unusable."""
    try:
        return json.loads(content, object_pairs_hook=_each_once)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise Unusable(f"{name} is not JSON: {error}") from error


def _each_once(pairs):
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def moment(told):
    """RFC 3339 in UTC. Raises ValueError."""
    if not isinstance(told, str) or not told.endswith("Z"):
        raise ValueError(f"{told!r} is no moment in UTC")
    return dt.datetime.fromisoformat(told[:-1] + "+00:00")


def trusted_keys(jwks):
    """Key id → (key, nbf, exp). A key's id is the SHA-256 of the key itself. Raises Unusable."""
    found = {}
    try:
        for one in jwks["keys"]:
            if (one["kty"], one["crv"]) != ("EC", "P-256"):
                continue
            numbers = (int.from_bytes(_unbase64url(one[name]), "big") for name in ("x", "y"))
            key = ec.EllipticCurvePublicNumbers(*numbers, ec.SECP256R1()).public_key()
            der = key.public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            found[hashlib.sha256(der).hexdigest()] = (key, one.get("nbf"), one.get("exp"))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Unusable(f"the keys can't be read: {type(error).__name__}: {error}") from error
    if not found:
        raise Unusable("there is no P-256 key among the keys")
    return found


def _unbase64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def signed(envelope, payload_type, keys):
    """(the payload, the id of the key that signed it). Raises Refused, Unusable."""
    try:
        kind, body = envelope["payloadType"], base64.b64decode(envelope["payload"], validate=True)
        signatures = [(one["keyid"], one["sig"]) for one in envelope["signatures"]]
        sigs = [(keyid, base64.b64decode(sig, validate=True)) for keyid, sig in signatures]
    except (KeyError, TypeError, ValueError) as error:
        raise Unusable(f"this is no DSSE envelope: {type(error).__name__}: {error}") from error
    if kind != payload_type:
        raise Refused("wrong_type", f"the envelope holds {kind!r}, not {payload_type}")
    message = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(body), body)
    for keyid, sig in sigs:
        if keyid not in keys:
            continue
        try:
            keys[keyid][0].verify(sig, message, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            continue
        return read_json(body, "the payload"), keyid
    raise Refused("bad_signature", "no signature by a trusted key fits")


def check_key_time(keys, keyid, issued_at):
    """The key was in use when it signed. Raises Refused."""
    _key, begins, ends = keys[keyid]
    at = issued_at.timestamp()
    if (begins is not None and at < begins) or (ends is not None and at > ends):
        raise Refused("key_out_of_time", "the key was not in use when this was issued")


def check_list(envelope, keys, permit, registry, now, not_before=0, may_be_old=False):
    """The list is sound and fresh and does not name the permit; returns its sequence number."""
    told, keyid = signed(envelope, LIST_TYPE, keys)
    try:
        sequence, named = int(told["sequence"]), [one["permit"] for one in told["revoked"]]
        issued_at, next_update = moment(told["issuedAt"]), moment(told["nextUpdate"])
        of_registry = told["registry"]
    except (KeyError, TypeError, ValueError) as error:
        raise Unusable(f"the list can't be read: {error}") from error
    check_key_time(keys, keyid, issued_at)
    if of_registry != registry:
        raise Refused("other_registry", f"the list is of {of_registry}, not of {registry}")
    if issued_at > now + SKEW or (now >= next_update and not may_be_old):
        raise Refused("list_not_fresh", f"the list was to be renewed by {told['nextUpdate']}")
    if next_update - issued_at > LONGEST_LIST:
        raise Refused("list_too_long", "the list says that it holds for more than an hour")
    if sequence < not_before:
        raise Refused("list_too_old", f"the list {sequence} is older than {not_before}")
    if permit in named:
        raise Refused("revoked", f"{permit} has been revoked")
    return sequence


def verify(
    envelope, keys, *, environment, digest, use=None, registry=None, now=None, break_glass=False,
    revocations=None, not_before=0, without_list=False,
):  # fmt: skip
    """What the permit says, once all of it holds. Raises Refused, Unusable, whatever is given.

    envelope, revocations: parsed JSON; keys: of `trusted_keys`; now: aware, else the present.
    """
    try:
        return _verified(
            envelope, keys, environment, digest, use, registry, now, break_glass,
            revocations, not_before, without_list,
        )  # fmt: skip
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise Unusable(f"this can't be read: {type(error).__name__}: {error}") from error


def _verified(
    envelope, keys, environment, digest, use, registry, now, break_glass, revocations, not_before,
    without_list,
):  # fmt: skip
    now = now or dt.datetime.now(dt.timezone.utc)  # noqa: UP017 (Python 3.9)
    told, keyid = signed(envelope, STATEMENT_TYPE, keys)
    said, digests, name, issued_at, expires_at = _read(told)
    code, breaks_glass = said["permit"], said["breakGlass"]
    check_key_time(keys, keyid, issued_at)
    of_registry = name.split("/", 1)[0]
    if registry is not None and of_registry != registry:
        raise Refused("other_registry", f"the permit is of {of_registry}, not of {registry}")
    if said["decision"] != "allow":
        raise Refused("not_allowed", f"the decision was {said['decision']!r}")
    if now + SKEW < issued_at:
        raise Refused("not_yet", f"it holds from {said['issuedAt']} on")
    if now >= expires_at:
        raise Refused("expired", f"it ended at {said['expiresAt']}")
    where = said["environment"]
    if where != environment:
        raise Refused("other_environment", f"it is for {where}, not for {environment}")
    if use is not None and said["use"] != use:
        raise Refused("other_use", "it is for another use")
    if expires_at - issued_at > (LONGEST if breaks_glass is False else LONGEST_GLASS):
        raise Refused("too_long", "it lasts longer than such a permit may")
    check_subject(digests, breaks_glass, digest, use, break_glass)
    if breaks_glass is False and revocations is None and not without_list:
        raise Refused("list_needed", "without the list of revoked permits it proves nothing")
    if revocations is not None:
        may_be_old = breaks_glass is not False
        check_list(revocations, keys, code, of_registry, now, not_before, may_be_old)
    return {"permit": code, "subject": name, "keyid": keyid, **said}


def _read(told):
    """The predicate, the subject's digests and name, and from when until when it holds."""
    try:
        if (told["_type"], told["predicateType"]) != (STATEMENT, PREDICATE):
            raise Refused("wrong_type", "the statement is no deployment permit")
        (subject,) = told["subject"]
        said, digests, name = told["predicate"], subject["digest"], subject["name"]
        return said, digests, name, moment(said["issuedAt"]), moment(said["expiresAt"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Unusable(f"the statement can't be read: {type(error).__name__}: {error}") from error


def check_subject(digests, breaks_glass, digest, use, break_glass):
    """The permit is about this digest, or breaks glass where that is taken. Raises Refused."""
    if breaks_glass is not False:
        if not break_glass:
            raise Refused("break_glass", "it breaks glass: not without --break-glass")
        if use is None:
            raise Refused("use_needed", "a break-glass permit is for one use: say which")
        return
    named = digests.get("sha256")
    if not isinstance(named, str) or not hmac.compare_digest(named.encode(), digest.encode()):
        raise Refused("other_digest", "it is for another digest")


def file(path, name):
    """The file's JSON. Raises Unusable."""
    try:
        return read_json(Path(path).read_bytes(), name)
    except OSError as error:
        raise Unusable(f"{name} can't be read: {error}") from error


def envelope_in(told):
    """The envelope: alone, or as the answer that asked for it holds it."""
    return told["envelope"] if isinstance(told, dict) and "envelope" in told else told


def main(arguments=None):
    """Reads, verifies, prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("permit")
    parser.add_argument("--keys", required=True, metavar="JWKS")
    parser.add_argument("--digest", default="", metavar="SHA256")
    parser.add_argument("--environment", required=True)
    parser.add_argument("--use")
    parser.add_argument("--registry", metavar="HOST")
    parser.add_argument("--revocations", metavar="LIST")
    parser.add_argument("--not-before", type=int, default=0, metavar="SEQUENCE")
    parser.add_argument("--without-list", action="store_true")
    parser.add_argument("--break-glass", action="store_true")
    parser.add_argument("--now", type=moment, help="as 2026-11-26T08:00:00Z; else the present")
    options = parser.parse_args(arguments)
    if not (options.revocations or options.without_list or options.break_glass):
        parser.error("--revocations, --without-list or --break-glass is needed")
    try:
        found = verify(
            envelope_in(file(options.permit, "the permit")),
            trusted_keys(file(options.keys, "the key file")),
            environment=options.environment,
            digest=options.digest,
            use=options.use,
            registry=options.registry,
            now=options.now,
            break_glass=options.break_glass,
            revocations=file(options.revocations, "the list") if options.revocations else None,
            not_before=options.not_before,
            without_list=options.without_list,
        )
    except Refused as refusal:
        print(json.dumps({"allowed": False, "code": refusal.code, "why": str(refusal)}))
        return 1
    except (Unusable, AttributeError, KeyError, TypeError, ValueError) as error:
        print(json.dumps({"allowed": False, "code": "unusable", "why": str(error)}))
        return 2
    print(json.dumps({"allowed": True, **found}, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
