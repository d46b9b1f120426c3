#!/usr/bin/env python3
"""Verifies a Mingce stop list offline, without Mingce.

    python verify_stop_list.py STOP_LIST.json --key stop_list.pub.pem [--not-before VERSION]

Needs Python 3.9 or newer and `cryptography`. STOP_LIST.json is what GET /api/v1/stop-list/ has
answered; the key is the `pem` of GET /api/v1/stop-list/key/, handed over beforehand on another way.
Checks that the list is signed by this key and, with --not-before, that it is no older than one seen
before. Prints what is stopped and restricted.

Exit status: 0 sound, 1 a fault was found, 2 the list or the key can't be read.
"""

import argparse
import base64
import json
import sys
from pathlib import Path

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
except ImportError:
    print("needs the package cryptography: pip install cryptography", file=sys.stderr)
    sys.exit(2)

PAYLOAD_TYPE = "application/vnd.mingce.stop-list+json"


class Fault(Exception):
    """The list does not prove what it says."""


def signed_bytes(payload_type, body):
    """DSSE v1: the bytes that are signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body)


def verified(envelope, key):
    """The payload, once it is known to be signed with the key."""
    if envelope.get("payloadType") != PAYLOAD_TYPE:
        raise Fault("this is no stop list")
    body = base64.b64decode(envelope["payload"], validate=True)
    message = signed_bytes(PAYLOAD_TYPE, body)
    for one in envelope["signatures"]:
        try:
            key.verify(
                base64.b64decode(one["sig"], validate=True), message, ec.ECDSA(hashes.SHA256())
            )
        except InvalidSignature:
            continue
        return json.loads(body)
    raise Fault("no signature of this key fits the list")


def told(listed):
    """The list in lines."""
    yield f"version {listed['version']} of {listed['issued_at']}"
    for one in listed["orders"]:
        drill = " (drill)" if one["is_drill"] else ""
        yield f"{one['kind']}{drill} {one['target_type']} {one['target']} since {one['since']}"
    for one in listed["releases"]:
        yield f"{'stopped' if one['is_stopped'] else 'restricted'} {one['code']} {one['id']}"


def main():
    """Reads, verifies, prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("list", type=Path)
    parser.add_argument("--key", type=Path, required=True)
    parser.add_argument("--not-before", type=int, default=0, metavar="VERSION")
    options = parser.parse_args()
    try:
        key = serialization.load_pem_public_key(options.key.read_bytes())
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise TypeError("the key is none of an elliptic curve")
        listed = verified(json.loads(options.list.read_bytes()), key)
        if listed["version"] < options.not_before:
            raise Fault(f"version {listed['version']} is older than {options.not_before}")
        lines = list(told(listed))
    except Fault as fault:
        print(f"FAULT: {fault}")
        return 1
    except (AttributeError, KeyError, OSError, TypeError, ValueError) as error:
        print(f"can't be read: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    print("\n".join(["sound", *lines]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
