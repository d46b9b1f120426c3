"""What the policy expects of a live release begins with it; silence is a breach as well."""

from __future__ import annotations

import uuid

from django.db import connection
from django.db.models import F

from governance.monitoring import queries
from governance.monitoring.models import Breach, BreachKind, Metric, MetricQuery, Outcome, Reading
from governance.monitoring.schema import MonitoringSection
from governance.monitoring.services.breaching import LIVE, next_due_at, open_missed, open_silence
from governance.monitoring.services.reporting import begun
from registry.core import clock
from registry.core.ledger import services as ledger
from registry.core.ledger.services import Act
from registry.core.people.models import User
from registry.core.policy import queries as policy
from registry.releases import services as releases
from registry.releases.models import Release, Stage

CHUNK = 200
MONTHS_AHEAD = 3


def expect(*, actor: User, release_id: uuid.UUID) -> None:
    """From the pilot on the release has every metric that the policy expects of it, as often as
    its tier asks; a retired one has none. Doing it twice changes nothing.
    """
    with ledger.act(actor) as act:
        release = releases.lock(release_id)
        rows = {row.key: row for row in Metric.objects.filter(release=release).order_by("pk")}
        if release.stage == Stage.S8:
            _end(act, release, [row for row in rows.values() if row.state == "open"])
            return
        if release.stage not in LIVE:
            return
        section = queries.active_section()
        expected = queries.every_days(release, section)
        for row in rows.values():
            _adopt(act, row, section, expected.get(row.key))
        for key in sorted(expected.keys() - rows.keys()):
            row = act.create(begun(release, key, actor, section, expected), "metric.begun")
            due = next_due_at(clock.now(), row.every_days)
            Reading.objects.create(metric=row, due_at=due)
        for key in sorted(rows.keys()):
            row = rows[key]
            every = expected.get(key)
            if not row.name_zh and row.state == "open" and row.every_days != every:
                act.update(row, "metric.expected", {"every_days": every})
                _expect_anew(row)
        _listen_again(release)


def _listen_again(release: Release) -> None:
    """Readings are derived and can be lost: what is expected of an open metric has its day."""
    rows = Metric.objects.filter(release=release, state="open", every_days__isnull=False)
    heard = Reading.objects.filter(segment="", due_at__isnull=False).values("metric")
    for row in rows.exclude(pk__in=heard):
        _expect_anew(row)


def _adopt(act: Act, row: Metric, section: MonitoringSection, every: int | None) -> None:
    """A metric of the release's own whose key the policy has by now is the policy's: open, named
    and computed as it says, and no longer filled by queries that nobody of the second line chose.
    """
    spec = section.metric(row.key)
    if spec is None or not row.name_zh:
        return
    for query in MetricQuery.objects.filter(metric=row, state="open").order_by("pk"):
        act.update(query, "query.closed", {"state": "closed"})
    told = {"name_zh": "", "name_en": "", "computes": spec.computes or "", "every_days": every}
    act.update(row, "metric.adopted", told | {"state": "open", "closed_by": None})
    _expect_anew(row)


def _expect_anew(row: Metric) -> None:
    reading, _made = Reading.objects.get_or_create(metric=row, segment="")
    reading.due_at = next_due_at(max(reading.at or clock.now(), row.opened_at), row.every_days)
    reading.save(update_fields=["due_at"])


def _end(act: Act, release: Release, rows: list[Metric]) -> None:
    """A retired release is watched no more; its silence is over, its breaches stay to be closed."""
    for row in rows:
        Reading.objects.filter(metric=row).update(due_at=None)
        act.update(row, "metric.closed", {"state": "closed"}, reason="retired")
    silent = Breach.objects.filter(release=release, kind=BreachKind.SILENT).exclude(state="closed")
    for breach in silent.select_for_update(of=("self",)).order_by("pk"):
        changes = {"state": "closed", "outcome": Outcome.BY_ITSELF, "closed_at": clock.now()}
        act.update(breach, "breach.closed", changes)


def expect_everywhere(*, actor: User) -> int:
    """Every release that is live has what the policy expects: after another one came in force."""
    live = Release.objects.filter(stage__in=LIVE).order_by("pk")
    done = 0
    for release_id in live.values_list("pk", flat=True).iterator(1_000):
        expect(actor=actor, release_id=release_id)
        done += 1
    return done


def listen(*, actor: User) -> list[Breach]:
    """What was expected and has not come is a breach, once until it comes; in bounded acts."""
    found = open_missed(actor=actor)
    while chunk := _listen(actor):
        found += chunk
    return found


def _listen(actor: User) -> list[Breach]:
    with ledger.act(actor) as act:
        pack = policy.active_pack()
        section = queries.section_of(pack)
        keys = list(_silent_metrics())
        rows = Metric.objects.filter(pk__in=keys).select_related("release").order_by("pk")
        locked = list(rows.select_for_update(of=("self",), no_key=True))
        still = set(_silent_metrics(keys))
        return [open_silence(act, row, pack, section) for row in locked if row.pk in still]


def _silent_metrics(among: list[uuid.UUID] | None = None) -> list[uuid.UUID]:
    """Of live releases: overdue, and their silence is nobody's task yet."""
    rows = Reading.objects.filter(
        due_at__lt=clock.now(), segment="", metric__state="open", metric__release__stage__in=LIVE
    )
    known = Breach.objects.filter(kind=BreachKind.SILENT).exclude(state="closed")
    rows = rows.exclude(metric__in=known.values("metric"))
    told = Breach.objects.filter(
        kind=BreachKind.SILENT, outcome__in=[Outcome.ACCEPTED], accepted_until__gte=clock.today()
    )
    rows = rows.exclude(metric__in=told.values("metric"))
    if among is not None:
        rows = rows.filter(metric__in=among)
    return list(rows.order_by(F("due_at"), "pk").values_list("metric", flat=True)[:CHUNK])


def make_partitions(*, actor: User) -> int:
    """The coming months have their partition; says how many were made."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT mingce_make_observation_partitions(%s, %s)", [clock.today(), MONTHS_AHEAD]
        )
        (made,) = cursor.fetchone()
    return int(made)
