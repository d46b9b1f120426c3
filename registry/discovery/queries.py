"""Reading sources, scans and sightings; what the register knows of the names that were seen."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from django.db import connection, models
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery

from registry.catalogue.models import AIModel, ModelVersion
from registry.catalogue.queries import may_be_seen
from registry.core import clock
from registry.core.people.models import User
from registry.core.people.queries import standing, within_reach
from registry.core.people.rules import Role
from registry.discovery.models import (
    KnownName,
    Scan,
    ScanState,
    Seen,
    Sighting,
    SightingKind,
    Source,
    SourceKind,
)
from registry.discovery.rules import Approved, Claim, Known, Place, Thing, plain_label
from registry.releases import queries as releases
from registry.releases.models import Deployment, Environment, Release, Stage
from registry.usecases.models import ModelUse

NEEDS_APPROVAL = (Environment.PILOT, Environment.PRODUCTION)
MODEL_RISK = (Role.MODEL_RISK, Role.MODEL_RISK_HEAD)
NIGHT_HOUR = 1  # from when on a night's scan is due, in local time
LOOK_EVERY = dt.timedelta(hours=1)
APART = dt.timedelta(minutes=5)  # between two scans that a source wakes
AT_ONCE = 100  # names that are compared together


def visible_sources(user: User) -> QuerySet[Source]:
    """The sources within the person's reach."""
    return Source.objects.filter(within_reach(user, "entity"))


def only(source: Source) -> QuerySet[Source]:
    """The source alone, which has proved by its signature who it is."""
    return Source.objects.filter(pk=source.pk)


def visible_scans(user: User) -> QuerySet[Scan]:
    """The scans of these sources."""
    return Scan.objects.filter(source__in=visible_sources(user).values("pk"))


def visible_to(user: User) -> QuerySet[Sighting]:
    """The sightings of these sources, without those about models hidden from the person."""
    here = Sighting.objects.filter(source__in=visible_sources(user).values("pk"))
    return here.filter(Q(model=None) | may_be_seen(user, "model__"))


def visible_names(user: User) -> QuerySet[KnownName]:
    """The names in sources that belong to models that the person may see."""
    return KnownName.objects.filter(may_be_seen(user, "model__"))


def whole(queryset: QuerySet[Sighting]) -> QuerySet[Sighting]:
    """With what pages show, in one statement."""
    return queryset.select_related(
        "source__entity", "seen", "model", "release__model_use__model",
        "release__model_use__entity",
        "deployment__release__model_use__entity", "decided_by",
    )  # fmt: skip


def may_answer(user: User, row: Sighting) -> bool:
    """Model risk for what its role reaches; the owner of the model for what is about it."""
    if row.model is not None and row.model.owner_id == user.pk:
        return True
    return _is_model_risk(user, row)


def may_clear(user: User, row: Sighting, model: AIModel | None) -> bool:
    """Whether the person may say that what runs is what was approved, or that it does not matter.

    Where approval is needed that is model risk's to say, and of nobody with an interest in the
    model, past ones included; the database says who that is.
    """
    if row.source.environment not in NEEDS_APPROVAL:
        return may_answer(user, row) or (model is not None and model.owner_id == user.pk)
    return _is_model_risk(user, row) and not (model is not None and _may_not_clear(user, model))


def _may_not_clear(user: User, model: AIModel) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT mingce_may_not_clear(%s, %s, %s)", (user.pk, model.pk, _utc_day()))
        (is_interested,) = cursor.fetchone()
    return bool(is_interested)


def _utc_day() -> dt.date:
    """The day as the database takes it from a moment."""
    return clock.now().astimezone(dt.UTC).date()


def may_dismiss(user: User, row: Sighting) -> bool:
    """Whether the person may say that the difference does not matter."""
    is_about_what_runs = row.kind in (SightingKind.VERSION_DRIFT, SightingKind.IDENTITY_MISMATCH)
    return may_clear(user, row, row.model) if is_about_what_runs else may_answer(user, row)


def _is_model_risk(user: User, row: Sighting) -> bool:
    """Whether the role reaches the source, and where the release that it is about is used."""
    paths = [row.source.entity.path]
    release = row.deployment.release if row.deployment is not None else row.release
    if release is not None:
        paths.append(release.model_use.entity.path)
    found = standing(user)
    return all(found.has_at(path, *MODEL_RISK) for path in paths)


def counted(rows: QuerySet[Sighting]) -> dict[str, int]:
    """Kind → how many of these are open; one statement."""
    found = rows.filter(state="open").order_by().values_list("kind").annotate(Count("pk"))
    return dict.fromkeys(SightingKind.values, 0) | dict(found)


@dataclass(frozen=True)
class Health:
    """How a source fares: its last scan that ended, and how many whole ones failed in a row."""

    source: Source
    last: Scan | None
    running: Scan | None
    failures: int
    things: int


def health(sources: QuerySet[Source]) -> list[Health]:
    """The sources with their health; four statements, however many."""
    rows = list(sources.select_related("entity").order_by("-is_open", "name"))
    scans = Scan.objects.filter(source__in=rows)
    ended = scans.filter(state__in=[ScanState.DONE, ScanState.FAILED])
    last = {
        one.source_id: one
        for one in ended.order_by("source_id", "-asked_at", "-pk").distinct("source_id")
    }
    running = {one.source_id: one for one in scans.filter(state=ScanState.RUNNING)}
    failed = dict(failures(scans).values_list("source").annotate(Count("pk")))
    there = Seen.objects.filter(source__in=rows, is_there=True).order_by()
    things = dict(there.values_list("source").annotate(Count("pk")))
    return [
        Health(one, last.get(one.pk), running.get(one.pk), failed.get(one.pk, 0),
               things.get(one.pk, 0))
        for one in rows
    ]  # fmt: skip


def failures(scans: QuerySet[Scan]) -> QuerySet[Scan]:
    """Whole scans that failed after the last one that did not."""
    better = Scan.objects.filter(
        source=OuterRef("source"), is_whole=True, state=ScanState.DONE,
        asked_at__gt=OuterRef("asked_at"),
    )  # fmt: skip
    return scans.filter(~Exists(better), is_whole=True, state=ScanState.FAILED).order_by()


def due() -> list[tuple[uuid.UUID, str]]:
    """The open sources that are to be looked at now, and why; one statement.

    Every night wholly; every hour at what has changed, unless the night's scan has failed; and
    where a source has woken us, minutes after the last scan began.
    """
    now = clock.now()
    begun = Scan.objects.filter(source=OuterRef("pk"), started_at__isnull=False)
    whole_ones = begun.filter(is_whole=True).order_by("-started_at")
    rows = Source.objects.filter(is_open=True).annotate(
        last=Subquery(begun.order_by("-started_at").values("started_at")[:1]),
        last_whole=Subquery(whole_ones.values("started_at")[:1]),
        last_state=Subquery(whole_ones.values("state")[:1]),
        is_woken=Exists(Scan.objects.filter(source=OuterRef("pk"), state=ScanState.WAITING)),
    )
    night = _last_night(now)
    found = []
    for one in rows.order_by("pk"):
        if one.last_whole is None or one.last_whole < night:
            found.append((one.pk, "nightly"))
        elif one.is_woken and now - one.last >= APART:
            found.append((one.pk, "webhook"))
        elif one.last_state == ScanState.DONE and now - one.last >= LOOK_EVERY:
            found.append((one.pk, "look"))
    return found


def _last_night(now: dt.datetime) -> dt.datetime:
    """When the last night's turn began."""
    begins = clock.day_begins() + dt.timedelta(hours=NIGHT_HOUR)
    return begins if begins <= now else begins - dt.timedelta(days=1)


def tells_what_runs(source: Source) -> bool:
    """Whether the source can say that something does not run there."""
    return bool(source.words) or source.kind == SourceKind.KUBEFLOW


def watermark(source: Source) -> dt.datetime | None:
    """Up to where the last good scan knows the changes; one statement."""
    done = Scan.objects.filter(source=source, state=ScanState.DONE, watermark__isnull=False)
    return done.order_by("-started_at").values_list("watermark", flat=True).first()


# Comparing


def place_of(source: Source) -> Place:
    """What the source stands for, as the rules read it."""
    return Place(source.environment, frozenset(str(one).casefold() for one in source.words))


def names_in(scan: Scan) -> Iterator[list[str]]:
    """The names that the scan has touched, a hundred at a time; one statement each."""
    after = ""
    while True:
        rows = Seen.objects.filter(scan=scan, name__gt=after).order_by("name")
        found = list(rows.values_list("name", flat=True).distinct()[:AT_ONCE])
        if not found:
            return
        yield found
        after = found[-1]


def things_of(source: Source, names: Sequence[str]) -> dict[str, list[Seen]]:
    """Name → what is there under it, the newest first; one statement."""
    rows = Seen.objects.filter(source=source, name__in=names, is_there=True)
    found: dict[str, list[Seen]] = defaultdict(list)
    newest = models.F("updated_at").desc(nulls_last=True)
    for row in rows.order_by("name", newest, "-version"):
        found[row.name].append(row)
    return found


def thing_of(row: Seen) -> Thing:
    """The row as the rules read it."""
    return Thing(row.name, row.version, row.digest, tuple(row.words), row.runs, row.endpoint)


def known_of(source: Source, things: dict[str, list[Seen]]) -> dict[str, Known]:
    """Name → what the register knows of it; four statements, however many names.

    A name belongs to the model that a person has linked it to; else to the one model of which a
    version used or owned within the source's entity has the digest that is told there.
    """
    links = list(
        KnownName.objects.filter(source=source, name__in=list(things), is_open=True).values_list(
            "name", "version", "model", "known_version__digest"
        )
    )
    model_of = {name: model for name, version, model, _digest in links if not version}
    said: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name, version, _model, digest in links:
        if version and digest:
            said[name].append((version, digest))
    linked = set(model_of)
    others = {name: rows for name, rows in things.items() if name not in linked}
    model_of |= _by_digest(source, others)
    wanted = set(model_of.values())
    digests: dict[uuid.UUID, list[tuple[str, str]]] = defaultdict(list)
    versions = ModelVersion.objects.filter(model__in=wanted).order_by("-registered_at", "pk")
    for model, label, digest in versions.values_list("model", "label", "digest"):
        digests[model].append((label, digest))
    approved = _approved(source, wanted, digests)
    return {
        name: Known(
            model, tuple(approved[model]), tuple(digests[model]), tuple(said[name]), name in linked
        )
        for name, model in model_of.items()
    }


def _by_digest(source: Source, things: dict[str, list[Seen]]) -> dict[str, uuid.UUID]:
    """Name → the one model here that has the digest. Of what lies beyond the source's entity
    nothing is told: whoever fills a source could ask the register for any digest.
    """
    told: dict[str, set[str]] = defaultdict(set)
    for name, rows in things.items():
        for row in rows:
            if row.digest:
                told[row.digest].add(name)
    found: dict[str, set[uuid.UUID]] = defaultdict(set)
    path = source.entity.path
    used = ModelUse.objects.filter(model=OuterRef("model"), entity__path__startswith=path)
    versions = ModelVersion.objects.filter(
        Q(model__entity__path__startswith=path) | Exists(used), digest__in=list(told)
    )
    for digest, model in versions.values_list("digest", "model"):
        for name in told[digest]:
            found[name].add(model)
    return {name: next(iter(one)) for name, one in found.items() if len(one) == 1}


def _approved(
    source: Source,
    wanted: set[uuid.UUID],
    digests: dict[uuid.UUID, list[tuple[str, str]]],
) -> dict[uuid.UUID, list[Approved]]:
    """Model → what may run in the source's environment: where no approval is needed, anything.

    Only uses within the source's entity: what a branch sees says nothing about head office's.
    """
    found: dict[uuid.UUID, list[Approved]] = defaultdict(list)
    if source.environment not in NEEDS_APPROVAL:
        for model in wanted:
            found[model] = [Approved(None, label, digest) for label, digest in digests[model]]
        return found
    rows = Release.objects.filter(
        Q(approved_until=None) | Q(approved_until__gte=clock.today()),
        model_use__model__in=wanted, version__isnull=False, stage__in=[Stage.S4, Stage.S5],
        model_use__entity__path__startswith=source.entity.path,
    ).exclude(approved_digest="")  # fmt: skip
    for key, model, label, digest in rows.order_by("-stage", "pk").values_list(
        "pk", "model_use__model", "version__label", "version__digest"
    ):
        found[model].append(Approved(key, label, digest))
    return found


def approved_releases(source: Source, model_id: uuid.UUID) -> list[uuid.UUID]:
    """The model's releases within the source's entity that are approved for its environment."""
    found = _approved(source, {model_id}, {model_id: []})[model_id]
    return sorted({one.release for one in found if one.release})


def claims_of(source: Source) -> Iterator[list[tuple[Claim, Deployment | None]]]:
    """What the register says is there: names that belong to models, and what runs of them."""
    links = KnownName.objects.filter(source=source, version="", is_open=True).order_by("pk")
    rows = list(links.values_list("pk", "name", "model"))
    for start in range(0, len(rows), AT_ONCE):
        part = rows[start : start + AT_ONCE]
        name_of = {model: name for _key, name, model in part}
        claimed: list[tuple[Claim, Deployment | None]] = [
            (Claim(f"name\n{key}", model, name), None) for key, name, model in part
        ]
        deployed = Deployment.objects.filter(
            environment=source.environment,
            release__model_use__model__in=list(name_of),
            release__model_use__entity__path__startswith=source.entity.path,
        )
        running = releases.running(deployed) if tells_what_runs(source) else []
        is_here = _shown_before(source, list(name_of.values()))
        for one in running:
            if not is_here(one, name_of[one.release.model_use.model_id]):
                continue
            model = one.release.model_use.model_id
            label = one.release.version.label if one.release.version else ""
            claim = Claim(
                f"{one.release_id}\n{one.endpoint}\n{one.digest}", model, name_of[model], label,
                one.digest, one.endpoint, one.release_id,
            )  # fmt: skip
            claimed.append((claim, one))
        yield claimed


def _shown_before(source: Source, names: Sequence[str]) -> Callable[[Deployment, str], bool]:
    """Whether a deployment of the name's is one that the source could show; one statement.

    It has shown its place once, or where it tells no places its version, or the place names the
    source. What runs elsewhere is not missing here.
    """
    places: set[tuple[str, str]] = set()
    versions: set[tuple[str, str]] = set()
    rows = Seen.objects.filter(source=source, name__in=names)
    for name, version, digest, endpoint in rows.values_list(
        "name", "version", "digest", "endpoint"
    ):
        places |= {(name, endpoint), (name, "")} if endpoint else set()
        versions |= {(name, digest), (name, plain_label(version))}

    def is_here(one: Deployment, name: str) -> bool:
        version = one.release.version
        label = version.label if version and version.digest == one.digest else ""
        is_place = bool(one.endpoint) and (name, one.endpoint) in places
        tells_places = bool(one.endpoint) and (name, "") in places
        is_ours = one.endpoint == source.name or one.endpoint.startswith(f"{source.name}: ")
        is_version = (name, one.digest) in versions or (
            bool(label) and (name, plain_label(label)) in versions
        )
        return is_place or is_ours or (is_version and not tells_places)

    return is_here
