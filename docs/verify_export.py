#!/usr/bin/env python3
"""Verifies a Mingce ledger export offline, without Mingce.

    python verify_export.py EXPORT.jsonl [--key anchor.pub.pem]

Needs Python 3.9 or newer; `cryptography` for the signatures. Reads the file in constant memory.
Checks that no entry is missing, out of order or altered; that every anchor names an entry's true
hash and is signed; and that the file is whole: its end is signed, and covers every line before it.
Every line must be spelled as the export spells it, to the last character.

With --key the signatures must be of that key, which the institution handed over beforehand.
Without it the key in the file is used: then only the file's internal consistency was checked,
since whoever writes a file anew can sign it with a key of their own; the answer says so.

Exit status: 0 sound, 1 a fault was found (the first is named), 2 the file can't be read, or the
package `cryptography` (`pip install cryptography`) is not there.
"""

import argparse
import base64
import hashlib
import json
import sys
from pathlib import Path

FORMAT = "mingce-ledger-export/2"
COLUMNS = (
    "prev", "seq", "uid", "act", "kind", "actor", "subject_type", "subject_id", "row_version",
    "digest", "effective_at", "recorded_at", "body",
)  # fmt: skip
# What each kind of line holds: exactly these, as text unless they are numbers.
FIELDS = {
    "header": ("format", "exported_at", "public_key"),
    "entry": (*COLUMNS, "hash"),
    "anchor": ("seq", "hash", "at", "key", "signature"),
    "end": ("entries", "sha256", "signature"),
}
NUMBERS = {"seq", "row_version", "entries"}


class Fault(Exception):
    """The export does not prove what it says."""


def canonical(value):
    """The one spelling of a JSON value: sorted keys, no blanks."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def once(pairs):
    """A JSON object none of whose keys stands twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Fault("a key stands twice")
    return found


def record_in(line, number):
    """(kind, content) of a line. Raises Fault unless it is of a known kind and form."""
    try:
        record = json.loads(line, object_pairs_hook=once)
    except Fault as fault:
        raise Fault(f"line {number}: {fault}") from None
    except RecursionError:
        raise Fault(f"line {number} is nested too deeply") from None
    if not isinstance(record, dict):
        raise TypeError(f"line {number} is no object")
    kind, content = next(iter(record.items())) if len(record) == 1 else ("", {})
    if kind not in FIELDS:
        raise Fault(f"line {number} is of no known kind")
    if not isinstance(content, dict):
        raise TypeError(f"line {number} holds no object")
    if kind == "header" and content.get("format") != FORMAT:
        raise Fault(f"not a {FORMAT} file")
    odd = set(content) ^ set(FIELDS[kind])
    if odd:
        raise Fault(f"line {number} has too many or too few fields: {', '.join(sorted(odd))}")
    for name, value in content.items():
        if type(value) is not (int if name in NUMBERS else str):
            raise Fault(f"line {number}: {name} is of another type")
    if line != canonical(record) + "\n":
        raise Fault(f"line {number} is not spelled as the export spells it")
    return kind, content


def check_entry(entry, seq, prev):
    """Raises Fault unless the entry is number `seq`, follows `prev` and hashes to its hash."""
    if entry["seq"] != seq:
        raise Fault(f"entry {seq} is missing (found {entry['seq']})")
    if entry["prev"] != prev:
        raise Fault(f"entry {seq} does not follow the one before it")
    told = "\n".join(str(entry[column]) for column in COLUMNS)
    if hashlib.sha256(told.encode()).hexdigest() != entry["hash"]:
        raise Fault(f"entry {seq} was altered")


def is_signed(content, names, key):
    """Whether `key` has signed the canonical JSON of these fields."""
    message = canonical({name: content[name] for name in names}).encode()
    try:
        told = base64.b64decode(content["signature"], validate=True)
        key.verify(told, message)
    except Exception:
        return False
    return base64.b64encode(told).decode() == content["signature"]


def check_anchor(anchor, hashes, key):
    """Raises Fault unless the anchor names an entry's hash and `key` signed it."""
    if hashes.get(anchor["seq"]) != anchor["hash"]:
        raise Fault(f"entry {anchor['seq']} is not the one that was anchored at {anchor['at']}")
    if not is_signed(anchor, ("seq", "hash", "at"), key):
        raise Fault(f"the anchor of entry {anchor['seq']} is not signed by the key")


def check_end(end, entries, sha256, key):
    """Raises Fault unless the end counts and covers every line, and `key` signed it."""
    if (end["entries"], end["sha256"]) != (entries, sha256):
        raise Fault("the export's own checksum does not match")
    if not is_signed(end, ("entries", "sha256"), key):
        raise Fault("the end of the export is not signed by the key")


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
                try:
                    numbers.add(json.loads(line)["anchor"]["seq"])
                except (ValueError, KeyError, TypeError, RecursionError):
                    continue  # verify() comes to this line and names its fault
    return numbers


def verify(path, key_pem):
    """Returns (entries, anchors); raises Fault."""
    wanted, hashes = anchored_numbers(path), {}
    checksum, seq, prev, anchors, before, key = hashlib.sha256(), 0, "0" * 64, 0, "", None
    with open(path, encoding="utf-8", newline="\n") as lines:
        for number, line in enumerate(lines, 1):
            if before == "end":
                raise Fault(f"line {number} stands after the end")
            kind, content = record_in(line, number)
            if (kind == "header") != (number == 1) or (kind == "entry" and before == "anchor"):
                raise Fault(f"line {number} stands in the wrong place")
            if kind == "header":
                key = load_key(key_pem or content["public_key"])
            elif kind == "entry":
                seq += 1
                check_entry(content, seq, prev)
                prev = content["hash"]
                if seq in wanted:
                    hashes[seq] = prev
            elif kind == "anchor":
                check_anchor(content, hashes, key)
                anchors += 1
            else:
                check_end(content, seq, checksum.hexdigest(), key)
            checksum.update(line.encode())
            before = kind
    if before != "end":
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
    except ImportError:
        print(
            "the signatures need the package cryptography: pip install cryptography",
            file=sys.stderr,
        )
        return 2
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"unreadable: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    print(f"sound: {entries} entries, {anchors} anchors")
    if not arguments.key:
        print("note: only the file's internal consistency was checked, with the key in the file")
        print("itself; give --key to check that the institution signed it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
