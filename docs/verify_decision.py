#!/usr/bin/env python3
"""Verifies offline, without Mingce, that a decision was received and answered as a proof says.

    python verify_decision.py PROOF.json EXPORT.jsonl [--key anchor.pub.pem]

PROOF is the answer of GET /api/v1/decisions/proofs/?decision=12-3, EXPORT a ledger's export made
after the decision was sealed. Needs Python 3.9 or newer and nothing else.

The decision's text is hashed; the ways in the proof lead from there to the root of its batch and to
the root of its seal (Merkle trees as in RFC 9162); the export's entry that the proof names holds
that root. Whether the export itself is sound is another question: where verify_export.py lies
beside this file it is run as well (it needs the package `cryptography`), otherwise run it yourself.

Exit status: 0 proven, 1 not proven (the first fault is named), 2 a file can't be read.
"""

import argparse
import hashlib
import importlib.util
import json
import re
import sys
from pathlib import Path

KIND = "decisions.sealed"
COLUMNS = (
    "prev", "seq", "uid", "act", "kind", "actor", "subject_type", "subject_id", "row_version",
    "digest", "effective_at", "recorded_at", "body",
)  # fmt: skip
UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)
DIGEST = re.compile("[0-9a-f]{64}")
BESIDE = "verify_export.py"


class Fault(Exception):
    """The proof does not prove the decision."""


def once(pairs):
    """A JSON object none of whose keys stands twice: every reader reads the same."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Fault("a key stands twice")
    return found


def read(text):
    """The JSON object in the text."""
    found = json.loads(text, object_pairs_hook=once)
    if not isinstance(found, dict):
        raise TypeError("this is no JSON object")
    return found


def digest_in(text):
    """The bytes of a sha256 as the proof spells it."""
    if not isinstance(text, str) or not DIGEST.fullmatch(text):
        raise Fault("a digest is not spelled as 64 hexadecimal digits")
    return bytes.fromhex(text)


def leaf(text):
    """RFC 9162, 2.1.1: the digest of a record. No record looks like an inner node."""
    return hashlib.sha256(b"\x00" + text.encode()).digest()


def climbed(start, way, what):
    """The root to which the way's siblings lead. Raises Fault unless it is the one it names."""
    found = start
    for side, told in way["path"]:
        sibling = digest_in(told)
        if side not in ("left", "right"):
            raise Fault(f"a step to {what} names no side")
        pair = sibling + found if side == "left" else found + sibling
        found = hashlib.sha256(b"\x01" + pair).digest()
    if found != digest_in(way["root"]):
        raise Fault(f"the decision's text and its way do not lead to {what}")
    return found


def entry_of(path, named):
    """The export's entry with the number that the proof names."""
    with open(path, encoding="utf-8", newline="\n") as lines:
        for line in lines:
            if line.startswith('{"entry":') and f'"seq":{named["seq"]},' in line:
                entry = read(line)["entry"]
                if entry["seq"] == named["seq"]:
                    return entry
    raise Fault(f"the export holds no entry {named['seq']}: was it made before the seal?")


def check_entry(entry, named, root):
    """Raises Fault unless it is the entry that the proof names, unaltered, and holds the root."""
    seq = named["seq"]
    if (entry["uid"], entry["hash"]) != (named["uid"], named["hash"]):
        raise Fault(f"entry {seq} of the export is not the one that the proof names")
    told = "\n".join(str(entry[column]) for column in COLUMNS)
    if hashlib.sha256(told.encode()).hexdigest() != entry["hash"]:
        raise Fault(f"entry {seq} was altered")
    if entry["kind"] != KIND:
        raise Fault(f"entry {seq} seals no decisions: it is {entry['kind']}")
    if read(entry["body"])["state"]["root"] != root.hex():
        raise Fault(f"entry {seq} holds another root")


def verify(proof, export):
    """The decision and the entry that covers it. Raises Fault."""
    if not isinstance(proof["decision"], str):
        raise TypeError("the decision is no text")
    root = climbed(leaf(proof["decision"]), proof["batch"], "the root of its batch")
    if proof["seal"] is None:
        raise Fault("the decision is not sealed yet: ask for its proof again later")
    root = climbed(root, proof["seal"], "the root of its seal")
    named = proof["seal"]["entry"]
    if type(named["seq"]) is not int:
        raise TypeError("an entry is named by a number")
    entry = entry_of(export, named)
    check_entry(entry, named, root)
    return read(proof["decision"]), entry


def soundness(export, key_pem):
    """What verify_export, where it lies beside this file, says of the export. Raises Fault."""
    beside = Path(__file__).resolve().with_name(BESIDE)
    if not beside.is_file():
        return f"not checked: that the export itself is sound; run {BESIDE}"
    spec = importlib.util.spec_from_file_location("verify_export", beside)
    other = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(other)
    try:
        entries, anchors = other.verify(export, key_pem)
    except other.Fault as fault:
        raise Fault(f"the export is not sound: {fault}") from None
    except ImportError:
        return f"not checked: that the export itself is sound; {BESIDE} needs `cryptography`"
    found = f"the export is sound: {entries} entries, {anchors} anchors"
    return found if key_pem else found + ", checked with the key in the file itself (see --key)"


def told(decision, entry, export_said):
    """What has been proven, and what has not, in plain words."""
    what = decision["told"]
    return (
        f"proven: decision {what['reference']} on {what['release']} was answered"
        f" “{decision['answer']}”, received at {decision['received_at']}",
        f"  its whole text, to the last character, lies under the root in entry {entry['seq']}",
        f"  of the export, recorded at {entry['recorded_at']}: not altered since then",
        export_said,
        "not proven: that what the gateway told was true; that it obeyed the answer; that no other",
        "  decision was made without being told",
    )


def main():
    """Parses, verifies, prints."""
    parser = argparse.ArgumentParser(description="Verify a decision's proof offline.")
    parser.add_argument("proof")
    parser.add_argument("export")
    parser.add_argument("--key", help="the institution's public key (PEM)")
    arguments = parser.parse_args()
    sys.stdout.reconfigure(encoding="utf-8")
    try:
        key_pem = Path(arguments.key).read_text(encoding="ascii") if arguments.key else ""
        proof = read(Path(arguments.proof).read_text(encoding="utf-8"))
        decision, entry = verify(proof, arguments.export)
        lines = told(decision, entry, soundness(arguments.export, key_pem))
    except Fault as fault:
        print(f"NOT PROVEN: {fault}")
        return 1
    except UNREADABLE as error:
        print(f"unreadable: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
