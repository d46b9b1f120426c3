#!/usr/bin/env python3
"""Verifies a Mingce ledger export offline, without Mingce.

    python verify_export.py EXPORT.jsonl [--key anchor.pub.pem]

Needs Python 3.9 or newer; `cryptography` for the anchors' signatures. Reads the file once, in
constant memory. Checks that no entry is missing, out of order or altered; that every anchor
names an entry's true hash and is signed; and that the export is complete. With --key the anchors
must be signed by that key, which the institution handed over beforehand; without it the key in
the file is used, and the answer says so.

Exit status: 0 sound, 1 a fault was found (the first is named), 2 the file can't be read.
"""

import argparse
import base64
import hashlib
import json
import sys
from pathlib import Path

FORMAT = "mingce-ledger-export/1"
COLUMNS = (
    "prev", "seq", "uid", "act", "kind", "actor", "subject_type", "subject_id", "row_version",
    "digest", "effective_at", "recorded_at", "body",
)  # fmt: skip


class Fault(Exception):
    """The export does not prove what it says."""


def canonical(value):
    """The one spelling of a JSON value: sorted keys, no blanks."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def check_entry(entry, seq, prev):
    """Raises Fault unless the entry is number `seq`, follows `prev` and hashes to its hash."""
    if entry["seq"] != seq:
        raise Fault(f"entry {seq} is missing (found {entry['seq']})")
    if entry["prev"] != prev:
        raise Fault(f"entry {seq} does not follow the one before it")
    told = "\n".join(str(entry[column]) for column in COLUMNS)
    if hashlib.sha256(told.encode()).hexdigest() != entry["hash"]:
        raise Fault(f"entry {seq} was altered")


def check_anchor(anchor, hashes, key):
    """Raises Fault unless the anchor names an entry's hash and `key` signed it."""
    if hashes.get(anchor["seq"]) != anchor["hash"]:
        raise Fault(f"entry {anchor['seq']} is not the one that was anchored at {anchor['at']}")
    message = canonical({name: anchor[name] for name in ("seq", "hash", "at")}).encode()
    try:
        key.verify(base64.b64decode(anchor["signature"]), message)
    except Exception as error:
        raise Fault(f"the anchor of entry {anchor['seq']} is not signed by the key") from error


def load_key(pem):
    """The Ed25519 public key."""
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    return load_pem_public_key(pem.encode())


def anchored_numbers(path):
    """The entry numbers that anchors in the file speak of: a few for each thousand entries."""
    numbers = set()
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if line.startswith('{"anchor":'):
                numbers.add(json.loads(line)["anchor"]["seq"])
    return numbers


def verify(path, key_pem):
    """Returns (entries, anchors, whether the key was given); raises Fault."""
    wanted, hashes = anchored_numbers(path), {}
    checksum, seq, prev, anchors, ended, key = hashlib.sha256(), 0, "0" * 64, 0, False, None
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if ended:
                raise Fault(f"line {number} stands after the end")
            record = json.loads(line)
            if number == 1:
                header = record.get("header", {})
                if header.get("format") != FORMAT:
                    raise Fault(f"not a {FORMAT} file")
                key = load_key(key_pem or header["public_key"])
            elif "entry" in record:
                seq += 1
                check_entry(record["entry"], seq, prev)
                prev = record["entry"]["hash"]
                if seq in wanted:
                    hashes[seq] = prev
            elif "anchor" in record:
                check_anchor(record["anchor"], hashes, key)
                anchors += 1
            elif "end" in record:
                ended = True
                if record["end"] != {"entries": seq, "sha256": checksum.hexdigest()}:
                    raise Fault("the export's own checksum does not match")
            else:
                raise Fault(f"line {number} is of no known kind")
            checksum.update(line.encode())
    if not ended:
        raise Fault(f"the export stops after entry {seq}, without its end")
    if not anchors or max(hashes, default=0) < seq:
        raise Fault(f"no anchor covers the last entry, {seq}")
    return seq, anchors


def main():
    """Parses, verifies, prints."""
    parser = argparse.ArgumentParser(description="Verify a Mingce ledger export offline.")
    parser.add_argument("export")
    parser.add_argument("--key", help="the institution's public key (PEM)")
    arguments = parser.parse_args()
    try:
        key_pem = Path(arguments.key).read_text(encoding="ascii") if arguments.key else ""
        entries, anchors = verify(arguments.export, key_pem)
    except Fault as fault:
        print(f"FAULT: {fault}")
        return 1
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"unreadable: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    print(f"sound: {entries} entries, {anchors} anchors")
    if not arguments.key:
        print("note: the anchors were checked with the key in the file itself; give --key")
    return 0


if __name__ == "__main__":
    sys.exit(main())
