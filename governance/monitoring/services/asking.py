"""Prometheus is asked on a schedule that is a query: a lost broker loses nothing.

What it answers is reported as anybody's observation. While it is down, slow or speaks HTML nothing
is stored, the query is asked again, and why stands beside it.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
import uuid

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from governance.monitoring.models import Metric, MetricQuery, QueryRun
from governance.monitoring.services.breaching import require_second_line
from governance.monitoring.services.reading import Told
from governance.monitoring.services.reporting import report
from registry.connectors import prometheus
from registry.connectors.mlflow import Unavailable
from registry.core import clock
from registry.core.errors import Conflict, DomainError
from registry.core.ledger import services as ledger
from registry.core.people.models import User
from registry.core.people.queries import system
from registry.core.people.rules import Capability
from registry.releases import queries as releases
from registry.releases.models import Release

logger = logging.getLogger(__name__)
MOST_QUERIES = 20  # of one metric
LONGEST_WAIT = 24 * 60  # minutes


def open_query(
    *, actor: User, metric_id: uuid.UUID, query: str, every_minutes: int, segment_label: str = ""
) -> MetricQuery:
    """The query fills the metric from now on; one of the policy's at the second line's word alone.

    Raises DomainError (`no_prometheus`, `query`, `every_minutes`, `segment_label`), Conflict
    (`too_many_queries`, `metric_closed`).
    """
    _check(query, every_minutes, segment_label)
    with ledger.act(actor) as act:
        metric = ledger.lock(Metric.objects.all(), metric_id)
        release = releases.whole(Release.objects.filter(pk=metric.release_id)).get()
        releases.check_reach(actor, Capability.SET_LIMITS, release)
        if not metric.name_zh:  # whoever chooses the query chooses the values
            require_second_line(actor, release)
        if metric.state != "open":
            raise Conflict("metric_closed", _("This metric is closed."))
        if MetricQuery.objects.filter(metric=metric, state="open").count() >= MOST_QUERIES:
            raise Conflict("too_many_queries", _("A metric is filled by at most 20 queries."))
        row = MetricQuery(
            metric=metric, query=query.strip(), segment_label=segment_label,
            every_minutes=every_minutes, opened_by=actor,
        )  # fmt: skip
        act.create(row, "query.opened")
        QueryRun.objects.create(query=row, next_at=clock.now())
        return row


def _check(query: str, every_minutes: int, segment_label: str) -> None:
    if not settings.PROMETHEUS_URL:
        said = _("No Prometheus is connected here.")
        raise DomainError("no_prometheus", said,
                          hint=_("The operators set MINGCE_PROMETHEUS_URL."))  # fmt: skip
    if not 1 <= len(query.strip()) <= 2_000 or not query.strip().isprintable():
        said = _("A query has at most 2,000 printable characters.")
        raise DomainError("query", said, field="query")
    if not 1 <= every_minutes <= LONGEST_WAIT * 31:
        said = _("Prometheus is asked every minute to every 31 days.")
        raise DomainError("every_minutes", said, field="every_minutes")
    if segment_label and not re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]{0,59}", segment_label):
        said = _("A label has letters, digits and _.")
        raise DomainError("segment_label", said, field="segment_label")


def close_query(*, actor: User, query_id: uuid.UUID) -> MetricQuery:
    """The query fills nothing any more."""
    with ledger.act(actor) as act:
        row = ledger.lock(MetricQuery.objects.all(), query_id)
        release = releases.whole(Release.objects.filter(metrics=row.metric_id)).get()
        releases.check_reach(actor, Capability.SET_LIMITS, release)
        if row.state != "open":
            raise Conflict("query_closed", _("This query is closed already."))
        QueryRun.objects.filter(query=row).delete()
        return act.update(row, "query.closed", {"state": "closed"})


def ask_all() -> int:
    """Every query whose time has come has been asked; returns how many gave something."""
    done = 0
    while (key := _claim()) is not None:
        done += ask(query_id=key)
    return done


def _claim() -> uuid.UUID | None:
    """One whose time has come, put off by its interval: nobody else asks it meanwhile."""
    with transaction.atomic():
        due = QueryRun.objects.filter(
            next_at__lte=clock.now(), query__state="open", query__metric__state="open"
        ).order_by("next_at", "pk")
        run = due.select_for_update(skip_locked=True, of=("self",)).select_related("query").first()
        if run is None:
            return None
        run.next_at = clock.now() + dt.timedelta(minutes=run.query.every_minutes)
        run.save(update_fields=["next_at"])
        return run.query_id


def ask(*, query_id: uuid.UUID) -> bool:
    """The query's answer of this moment is reported; or why not stands beside the query.

    Not inside a transaction: it waits for somebody else's server.
    """
    row = MetricQuery.objects.select_related("metric__release").get(pk=query_id)
    try:
        found = prometheus.ask(
            settings.PROMETHEUS_URL, settings.PROMETHEUS_TOKEN, row.query, row.segment_label,
            clock.now(),
        )  # fmt: skip
        if not found:
            raise prometheus.Refused("the query gives nothing")
        metric = row.metric
        told = [
            Told(metric.release.code, metric.key, one.at.replace(microsecond=0), one.segment,
                 one.value)
            for one in found
        ]  # fmt: skip
        report(actor=system(), told=told, source="prometheus")
    except (Unavailable, prometheus.Refused, DomainError) as error:
        _failed(row, str(error))
        return False
    except Exception as error:  # whatever it is, the others have their turn
        logger.exception("query %s", row.pk)
        _failed(row, type(error).__name__)
        return False
    QueryRun.objects.filter(query=row).update(read_at=clock.now(), failures=0, error="")
    return True


def _failed(row: MetricQuery, why: str) -> None:
    """After a failure it is asked again sooner than its turn, and later each time."""
    run = QueryRun.objects.filter(query=row).first()
    if run is None:
        return
    run.failures += 1
    run.error = why.replace("\x00", "").encode("utf-8", "replace").decode()[:500]
    wait = min(2**run.failures, row.every_minutes)
    run.next_at = min(run.next_at, clock.now() + dt.timedelta(minutes=wait))
    run.save(update_fields=["failures", "error", "next_at"])
    logger.warning("query %s: %s", row.pk, why)
