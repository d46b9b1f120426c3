"""Four kinds of differences, and what is none; as tables."""

from __future__ import annotations

import uuid

import pytest

from registry.discovery import rules
from registry.discovery.rules import Approved, Claim, Difference, Known, Place, Thing

PLACE = Place("production", frozenset({"production", "champion"}))
TEST = Place("test", frozenset({"staging"}))
A, B, C, X = "a" * 64, "b" * 64, "c" * 64, "f" * 64
RELEASE, MODEL = uuid.UUID(int=1), uuid.UUID(int=2)
KNOWN = Known(MODEL, (Approved(RELEASE, "3", A),), (("3", A), ("2", B)))
NOTHING = Known(MODEL, (), (("3", A),))


def thing(version: str, digest: str = "", *words: str, runs: bool = False) -> Thing:
    return Thing("credit", version, digest, words, runs)


CASES: dict[str, tuple[Thing, Known | None, Place, Difference | None]] = {
    "the approved bytes run": (thing("3", A, "champion"), KNOWN, PLACE, None),
    "the approved bytes under another number": (thing("17", A, "champion"), KNOWN, PLACE, None),
    "the approved number, no digest told": (thing("v3", "", "Production"), KNOWN, PLACE, None),
    "the approved number with other bytes": (
        thing("3", X, "champion"), KNOWN, PLACE, Difference.IDENTITY_MISMATCH
    ),
    "bytes of nobody in production": (
        thing("9", X, runs=True), KNOWN, PLACE, Difference.IDENTITY_MISMATCH
    ),
    "another registered version runs": (
        thing("2", B, "champion"), KNOWN, PLACE, Difference.VERSION_DRIFT
    ),
    "another number, no digest told": (
        thing("2", "", "champion"), KNOWN, PLACE, Difference.VERSION_DRIFT
    ),
    "runs, and nothing is approved": (
        thing("3", A, "champion"), NOTHING, PLACE, Difference.VERSION_DRIFT
    ),
    "a registered number with other bytes, running nowhere": (
        thing("3", X), KNOWN, PLACE, Difference.IDENTITY_MISMATCH
    ),
    "a new version of a known model, running nowhere": (thing("9", X), KNOWN, PLACE, None),
    "other words mean nothing here": (thing("2", B, "candidate"), KNOWN, PLACE, None),
    "a person has said which version it is": (
        thing("17", "", "champion"),
        Known(MODEL, KNOWN.approved, KNOWN.digests, (("17", A),)), PLACE, None,
    ),
    "a person has said it is another one": (
        thing("3", "", "champion"),
        Known(MODEL, KNOWN.approved, KNOWN.digests, (("3", B),)), PLACE,
        Difference.IDENTITY_MISMATCH,
    ),
    "bytes of nobody in a test environment": (
        thing("9", X, "Staging"), KNOWN, TEST, Difference.VERSION_DRIFT
    ),
    "a name of nobody": (thing("1"), None, PLACE, Difference.UNKNOWN),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_thing_is_compared_with_what_the_register_knows(case: str) -> None:
    seen, known, place, expected = CASES[case]
    found = rules.reconcile([seen], known, place)
    assert [one.kind for one in found.findings] == ([expected] if expected else [])
    assert found.matched == (0 if expected else 1)


def test_an_unknown_name_is_one_difference_however_many_versions_it_has() -> None:
    things = [thing("9"), thing("8", C, "champion"), thing("7")]
    (found,) = rules.reconcile(things, None, PLACE).findings
    assert (found.thing.version, found.runs) == ("8", True)
    assert rules.reconcile([], None, PLACE).findings == ()


def test_an_unknown_name_that_runs_nowhere_stays_the_same_when_trained_again() -> None:
    def content(*things: Thing) -> str:
        return rules.reconcile(things, None, PLACE).findings[0].content

    assert content(thing("1")) == content(thing("2"), thing("1"))
    assert content(thing("1")) != content(thing("1", "", "champion"))
    assert content(thing("1", "", "champion")) != content(thing("2", "", "champion"))


def test_the_same_difference_has_one_key_and_another_content_when_it_changes() -> None:
    first = rules.reconcile([thing("3", X, "champion")], KNOWN, PLACE).findings[0]
    again = rules.reconcile([thing("3", C, "champion")], KNOWN, PLACE).findings[0]
    assert first.key == again.key
    assert first.content != again.content
    assert (first.expected, first.releases) == (("3",), (RELEASE,))


def test_what_a_person_has_said_is_part_of_what_was_looked_at() -> None:
    said = Known(MODEL, KNOWN.approved, KNOWN.digests, (("17", B),))
    before = rules.reconcile([thing("17", "", "champion")], KNOWN, PLACE).findings[0]
    after = rules.reconcile([thing("17", "", "champion")], said, PLACE).findings[0]
    assert (after.kind, after.thing.digest) == (Difference.VERSION_DRIFT, B)
    assert (before.key, before.content != after.content) == (after.key, True)


CLAIM = Claim("d", MODEL, "credit", "3", A, "k8s://credit", RELEASE)
NAME = Claim("n", MODEL, "credit")
MISSING: dict[str, tuple[Claim, frozenset[uuid.UUID], frozenset[str], int]] = {
    "deployed and running": (CLAIM, frozenset({MODEL}), frozenset({"credit"}), 0),
    "deployed, and nothing of it runs": (CLAIM, frozenset(), frozenset({"credit"}), 1),
    "a name that is listed": (NAME, frozenset(), frozenset({"credit"}), 0),
    "a name that is listed no more": (NAME, frozenset({MODEL}), frozenset(), 1),
}


@pytest.mark.parametrize("case", MISSING)
def test_what_the_register_says_is_there_is_missing_where_nobody_lists_it(case: str) -> None:
    claim, running, names, expected = MISSING[case]
    found = rules.missing([claim], running, names)
    assert len(found) == expected
    assert all(one.kind is Difference.MISSING for one in found)
