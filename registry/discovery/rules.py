"""What another system shows beside what the register says: four kinds of differences. Pure."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

PRODUCTION = "production"


class Difference(StrEnum):
    """Why somebody has to look."""

    UNKNOWN = "unknown"
    MISSING = "missing"
    VERSION_DRIFT = "version_drift"
    IDENTITY_MISMATCH = "identity_mismatch"


@dataclass(frozen=True)
class Place:
    """What the other system stands for. words: the stages and aliases there that mean `runs`."""

    environment: str
    words: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Thing:
    """A version under a name, as it was seen there."""

    name: str
    version: str
    digest: str = ""
    words: tuple[str, ...] = ()
    runs: bool = False
    endpoint: str = ""


@dataclass(frozen=True)
class Approved:
    """A version that may run in the environment; by which release, where it needs approval."""

    release: uuid.UUID | None
    label: str
    digest: str


@dataclass(frozen=True)
class Known:
    """What the register holds about a name's model.

    is_linked: a person has said whose the name is; else a digest has, which anybody can copy.
    approved: what may run in the environment; digests: label → digest of its versions; said:
    version over there → digest of the version of ours that a person has said it is.
    """

    model: uuid.UUID
    approved: tuple[Approved, ...] = ()
    digests: tuple[tuple[str, str], ...] = ()
    said: tuple[tuple[str, str], ...] = ()
    is_linked: bool = False


@dataclass(frozen=True)
class Finding:
    """One difference. about: what it is about within its kind; expected: the labels approved;
    is_linked: a person has said whose the name is.
    """

    kind: Difference
    about: str
    thing: Thing
    runs: bool
    expected: tuple[str, ...] = ()
    releases: tuple[uuid.UUID, ...] = ()
    is_linked: bool = False

    @property
    def key(self) -> str:
        """By which the same difference is found again: SHA-256 of its kind and what it is about."""
        return digest_of(self.kind.value, self.about)

    @property
    def content(self) -> str:
        """What a person has looked at: where it becomes another, they look again.

        An unknown name that runs nowhere is the same however often it is trained again.
        """
        if self.kind is Difference.UNKNOWN and not self.runs:
            return digest_of("runs nowhere")
        one = self.thing
        return digest_of(one.version, one.digest, one.endpoint, str(self.runs), *self.expected)


@dataclass(frozen=True)
class Outcome:
    """What a name's things come to: how many agree, and the differences."""

    matched: int
    findings: tuple[Finding, ...]


def reconcile(things: Sequence[Thing], known: Known | None, place: Place) -> Outcome:
    """The things under one name beside what the register knows of it.

    things: all versions of the name, the newest first. A name that the register does not know is
    one difference, whatever it holds: what runs, else the newest, stands for it.
    """
    if known is None:
        running = [one for one in things if runs(one, place)]
        if not things:
            return Outcome(0, ())
        shown = (running or list(things))[0]
        return Outcome(0, (Finding(Difference.UNKNOWN, shown.name, shown, bool(running)),))
    found = [one for one in (_compared(thing, known, place) for thing in things) if one]
    return Outcome(len(things) - len(found), tuple(found))


def runs(thing: Thing, place: Place) -> bool:
    """Whether it runs in the place: by the system's own word, or by a word that means so."""
    return thing.runs or any(word.casefold() in place.words for word in thing.words)


def _compared(thing: Thing, known: Known, place: Place) -> Finding | None:
    ours, there = _ours(thing, known), runs(thing, place)
    other_bytes = bool(thing.digest and ours and ours != thing.digest)
    if not there:
        kind = Difference.IDENTITY_MISMATCH if other_bytes else None
    else:
        kind = _running(thing, known, place, other_bytes=other_bytes)
    return _finding(kind, thing, known, runs_there=there) if kind else None


def _running(thing: Thing, known: Known, place: Place, *, other_bytes: bool) -> Difference | None:
    """What is wrong with a version that runs there."""
    told = thing.digest or dict(known.said).get(thing.version, "")
    if told and any(one.digest == told for one in known.approved):
        return None
    same_number = any(same_label(one.label, thing.version) for one in known.approved)
    if not told:
        return None if same_number else Difference.VERSION_DRIFT
    unregistered = told not in {digest for _label, digest in known.digests}
    if other_bytes or same_number or (unregistered and place.environment == PRODUCTION):
        return Difference.IDENTITY_MISMATCH
    return Difference.VERSION_DRIFT


def _ours(thing: Thing, known: Known) -> str:
    """The digest of the version of ours that has its number, or that a person has said it is."""
    said = dict(known.said).get(thing.version, "")
    numbered = (digest for label, digest in known.digests if same_label(label, thing.version))
    return said or next(numbered, "")


def _finding(kind: Difference, thing: Thing, known: Known, *, runs_there: bool) -> Finding:
    said = dict(known.said).get(thing.version, "")
    return Finding(
        kind=kind,
        about=f"{thing.name}\n{thing.version}",
        thing=replace(thing, digest=thing.digest or said),
        runs=runs_there,
        expected=tuple(sorted({one.label for one in known.approved})),
        releases=tuple(sorted({one.release for one in known.approved if one.release})),
        is_linked=known.is_linked,
    )


def same_label(ours: str, theirs: str) -> bool:
    """Whether two labels name one version: `v3` and `3` do, without regard to case and blanks."""
    return plain_label(ours) == plain_label(theirs)


def plain_label(label: str) -> str:
    """The label without what people write differently."""
    plain = label.strip().casefold()
    return plain[1:] if plain[:1] == "v" and plain[1:2].isdigit() else plain


@dataclass(frozen=True)
class Claim:
    """What the register says runs there: a deployment, or a name that belongs to a model."""

    about: str
    model: uuid.UUID
    name: str
    version: str = ""
    digest: str = ""
    endpoint: str = ""
    release: uuid.UUID | None = None


def missing(
    claims: Iterable[Claim], running: frozenset[uuid.UUID], names: frozenset[str]
) -> list[Finding]:
    """What the register says is there, and a whole list does not show.

    running: the models of which any version was seen running; names: all that were listed. A model
    of which another version runs is not missing: that is drift.
    """
    return [
        Finding(
            kind=Difference.MISSING,
            about=one.about,
            thing=Thing(one.name, one.version, one.digest, endpoint=one.endpoint),
            runs=one.release is not None,
            releases=(one.release,) if one.release else (),
        )
        for one in claims
        if (one.model not in running if one.release else one.name not in names)
    ]


def digest_of(*parts: str) -> str:
    """SHA-256 of the parts, whatever they hold."""
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()
