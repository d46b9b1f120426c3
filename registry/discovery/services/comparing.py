"""Comparing what a scan has seen with the register: differences open, change, and go."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import QuerySet

from registry.core import clock
from registry.core.ledger import services as ledger
from registry.core.ledger.services import Act
from registry.core.people import queries as people
from registry.discovery import queries, rules
from registry.discovery.models import Scan, Seen, Sighting, SightingState, Source
from registry.discovery.rules import Difference, Finding
from registry.discovery.services.telling import tell_owners
from registry.releases import queries as release_queries
from registry.releases import services as releases
from registry.releases.models import Deployment, DeploymentRole, Environment, Release
from registry.releases.services import Deployed

AT_ONCE = 100  # differences that are written in one act

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Found:
    """A difference with the rows that it is about."""

    finding: Finding
    seen: Seen | None = None
    model: uuid.UUID | None = None
    deployment: Deployment | None = None


@dataclass
class _Tally:
    """What a comparison has come to so far."""

    matched: int = 0
    opened: int = 0
    gone: int = 0
    unknown: int = 0
    running: set[uuid.UUID] = field(default_factory=set)  # models of which a version runs there


def compare(scan: Scan, progress: Progress) -> int:
    """The scan's things stand beside the register's; returns how many unknown names are new.

    The statements are the same few for each hundred names. Raises nothing of its own.
    """
    source, tally, done = scan.source, _Tally(), 0
    for names in queries.names_in(scan):
        _apply(source, names, _differences(source, names, tally), tally)
        done += len(names)
        progress("compare", done, 0)
    if scan.is_whole:
        _leave(source, tally)
        _claims(source, tally)
    scan.matched, scan.opened, scan.gone = tally.matched, tally.opened, tally.gone
    return tally.unknown


def _differences(source: Source, names: list[str], tally: _Tally) -> list[Found]:
    place, things = queries.place_of(source), queries.things_of(source, names)
    known = queries.known_of(source, things)
    found = []
    for name, rows in things.items():
        ours = known.get(name)
        told = [queries.thing_of(row) for row in rows]
        outcome = rules.reconcile(told, ours, place)
        tally.matched += outcome.matched
        if ours is not None and any(rules.runs(one, place) for one in told):
            tally.running.add(ours.model)
        by_version = {row.version: row for row in rows}
        found += [
            Found(one, by_version.get(one.thing.version), ours.model if ours else None)
            for one in outcome.findings
        ]
    return found


def _leave(source: Source, tally: _Tally) -> None:
    """Differences about names that are listed no more are gone."""
    here = Seen.objects.filter(source=source, is_there=True).values("name")
    rows = Sighting.objects.filter(source=source).exclude(state=SightingState.GONE)
    rows = rows.exclude(state=SightingState.ACCEPTED, kind=Difference.UNKNOWN)
    keys = rows.exclude(kind=Difference.MISSING).exclude(name__in=here).values_list("pk", flat=True)
    _close_all(sorted(keys), tally)


def _claims(source: Source, tally: _Tally) -> None:
    """What the register says is there and is not."""
    still: set[str] = set()
    for claimed in queries.claims_of(source):
        deployments = {claim.about: row for claim, row in claimed}
        models_ = {claim.about: claim.model for claim, _row in claimed}
        names = {claim.name for claim, _row in claimed}
        listed = Seen.objects.filter(source=source, is_there=True, name__in=names)
        there = frozenset(listed.values_list("name", flat=True))
        findings = rules.missing(
            [claim for claim, _row in claimed], frozenset(tally.running), there
        )
        still |= {one.key for one in findings}
        found = [Found(one, None, models_[one.about], deployments[one.about]) for one in findings]
        _write(source, found, _known_keys(source, found), tally)
    rows = Sighting.objects.filter(source=source, kind=Difference.MISSING)
    rows = rows.exclude(state=SightingState.GONE).exclude(key__in=still)
    _close_all(sorted(rows.values_list("pk", flat=True)), tally)


def _apply(source: Source, names: list[str], found: list[Found], tally: _Tally) -> None:
    """The differences under these names are on record; those that hold no more are gone."""
    rows = Sighting.objects.filter(source=source, name__in=names)
    known = {one.key: one for one in rows.exclude(kind=Difference.MISSING)}
    _write(source, found, known, tally)
    holds = {one.finding.key for one in found}
    over = [one.pk for key, one in known.items() if key not in holds and not _is_over(one)]
    _close_all(sorted(over), tally)


def _is_over(row: Sighting) -> bool:
    """Gone, or an unknown name that a person has given to a model: it stays as they answered it."""
    answered = row.state == SightingState.ACCEPTED and row.kind == Difference.UNKNOWN
    return answered or row.state == SightingState.GONE


def _known_keys(source: Source, found: Iterable[Found]) -> dict[str, Sighting]:
    rows = Sighting.objects.filter(source=source, key__in=[one.finding.key for one in found])
    return {one.key: one for one in rows}


def _write(
    source: Source, found: Sequence[Found], known: dict[str, Sighting], tally: _Tally
) -> None:
    """New and changed differences, an act for every hundred: a stop never waits long behind."""
    changed = [one for one in found if _is_news(one.finding, known.get(one.finding.key))]
    for start in range(0, len(changed), AT_ONCE):
        part = changed[start : start + AT_ONCE]
        with ledger.act(people.system()) as act:
            new = [(one, _new(source, one)) for one in part if one.finding.key not in known]
            act.create_many([row for _one, row in new], "sighting.found")
            again = [
                (one, _again(act, source, one, known[one.finding.key]))
                for one in part
                if one.finding.key in known
            ]
            for one, row in (*new, *again):
                _deployed_as_seen(source, row, one.finding)
            tell_owners(row for _one, row in (*new, *again))
        tally.opened += len(part)
        tally.unknown += sum(one.finding.kind is Difference.UNKNOWN for one, _row in new)


def _is_news(finding: Finding, row: Sighting | None) -> bool:
    """Whether people have not seen this yet, or are to see it again."""
    if row is None or _is_over(row) or row.content != finding.content:
        return True
    return row.comes_back_on is not None and row.comes_back_on <= clock.today()


def _new(source: Source, found: Found) -> Sighting:
    finding = found.finding
    return Sighting(
        source=source, kind=finding.kind.value, key=finding.key, name=finding.thing.name,
        first_seen=clock.now(), **_told(source, found),
    )  # fmt: skip


def _again(act: Act, source: Source, found: Found, row: Sighting) -> Sighting:
    row = ledger.lock(Sighting.objects.select_related("source"), row.pk)
    return act.update(row, "sighting.found_again", _told(source, found))


def _told(source: Source, found: Found) -> dict[str, object]:
    """What the row holds of the difference, open."""
    thing, finding = found.finding.thing, found.finding
    return {
        "content": finding.content,
        "version": thing.version,
        "digest": thing.digest,
        "environment": source.environment if finding.runs else "",
        "endpoint": thing.endpoint,
        "expected": ", ".join(finding.expected)[:300],
        "seen": found.seen,
        "model_id": found.model,
        "release_id": finding.releases[0] if finding.releases else None,
        "deployment": found.deployment,
        "state": SightingState.OPEN,
        "state_since": clock.now(),
        "decided_by": None,
        "reason": "",
        "comes_back_on": None,
    }


def endpoint_of(row: Sighting) -> str:
    """Where it was seen, as deployments name places."""
    return row.endpoint or f"{row.source.name}: {row.name}"[:300]


def _deployed_as_seen(source: Source, row: Sighting, finding: Finding) -> None:
    """Other bytes in production are a fact about every release that is approved there: BR-09
    restricts them. Only under a name that a person has given to the model: a digest can be copied.
    """
    acts = finding.kind is Difference.IDENTITY_MISMATCH and finding.runs and finding.thing.digest
    if acts and finding.is_linked and source.environment == Environment.PRODUCTION:
        record_as_seen(row, finding.releases)


def record_as_seen(row: Sighting, keys: Sequence[uuid.UUID]) -> None:
    """The bytes that were seen run there, for each of the releases: once while they do.

    Where they have moved to another place, the former one ends, and nobody is restricted anew.
    """
    before = release_queries.running(_recorded(row), across="release")
    place = endpoint_of(row)
    told = [_off(one) for one in before if (one.digest, one.endpoint) != (row.digest, place)]
    rows = release_queries.whole(Release.objects.filter(pk__in=keys))
    for release in rows.order_by("pk"):
        same = [one for one in before if (one.release_id, one.digest) == (release.pk, row.digest)]
        if any(one.endpoint == place for one in same):
            continue
        told.append(
            Deployed(
                release, row.environment, row.digest, endpoint=place,
                reference=_reference(row, release), has_moved=bool(same),
            )
        )  # fmt: skip
    releases.record_deployments(actor=people.system(), told=told)


def _reference(row: Sighting, release: Release) -> str:
    """By the sighting, the digest and the release; and how often it has come back after its end."""
    stem = f"sighting:{row.pk}:{row.digest}:{release.code}:"
    before = Deployment.objects.filter(reference__startswith=stem)
    turn = before.exclude(role=DeploymentRole.OFF).count()
    return f"{stem}{turn}"


def _recorded(row: Sighting) -> QuerySet[Deployment]:
    """What was recorded because of the sighting."""
    return Deployment.objects.filter(reference__startswith=f"sighting:{row.pk}:")


def was_recorded(row: Sighting) -> bool:
    """Whether the bytes of the sighting have been recorded as deployed."""
    return _recorded(row).filter(digest=row.digest).exists()


def _off(one: Deployment) -> Deployed:
    return Deployed(
        one.release, one.environment, one.digest, endpoint=one.endpoint, traffic_percent=0,
        role=DeploymentRole.OFF, reference=f"{one.reference}:off"[:200],
    )  # fmt: skip


def _close_all(keys: Sequence[uuid.UUID], tally: _Tally) -> None:
    for start in range(0, len(keys), AT_ONCE):
        with ledger.act(people.system()) as act:
            for key in keys[start : start + AT_ONCE]:
                row = ledger.lock(Sighting.objects.select_related("source"), key)
                changes = {"state": SightingState.GONE, "state_since": clock.now(),
                           "comes_back_on": None}  # fmt: skip
                act.update(row, "sighting.gone", changes)
                end_as_seen(row)
                tally.gone += 1


def end_as_seen(row: Sighting) -> None:
    """What was recorded as deployed because of the sighting runs there no more."""
    if row.kind not in (Difference.IDENTITY_MISMATCH, Difference.VERSION_DRIFT):
        return
    running = release_queries.running(_recorded(row), across="release")
    releases.record_deployments(actor=people.system(), told=[_off(one) for one in running])
