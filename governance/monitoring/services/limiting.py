"""Metrics of a release's own, and limits: owners tighten them, the second line may loosen them."""

from __future__ import annotations

import math
import re
import uuid
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from governance.committees.queries import has_made
from governance.monitoring import queries
from governance.monitoring.models import Breach, Metric, Reading, Threshold
from governance.monitoring.queries.policy import holding_of
from governance.monitoring.rules import BASED, Bound, Computed, Effect, Limits, looser
from governance.monitoring.services.breaching import next_due_at, require_second_line
from governance.monitoring.services.reading import MOST_VALUE, is_segment
from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden
from registry.core.ledger import services as ledger
from registry.core.people.models import User
from registry.core.people.queries import standing
from registry.core.people.rules import Capability
from registry.core.policy import queries as policy
from registry.core.web.disguises import is_disguised
from registry.releases import queries as releases
from registry.releases import services as release_services
from registry.releases.models import Release, Stage

MOST_METRICS = 200  # of one release


@dataclass(frozen=True)
class NewMetric:
    """A metric of the release's own. every_days: None where no value is expected."""

    key: str
    name_zh: str
    name_en: str
    computes: str = ""
    every_days: int | None = None


def add_metric(*, actor: User, release_id: uuid.UUID, told: NewMetric) -> Metric:
    """The release is watched by this metric as well.

    Raises DomainError (`metric_key`, `policy_metric`, `name_needed`, `computes`, `every_days`),
    Conflict (`metric_known`, `too_many_metrics`, `retired`).
    """
    _check_new(told)
    with ledger.act(actor) as act:
        release = release_services.lock(release_id)
        _check_hand(actor, release)
        if release.stage == Stage.S8:
            raise Conflict("retired", _("A retired release is watched no more."))
        rows = Metric.objects.filter(release=release)
        if rows.filter(key=told.key).exists():
            said = _("The release has the metric %(key)s already.") % {"key": told.key}
            raise Conflict("metric_known", said, field="key")
        if rows.count() >= MOST_METRICS:
            raise Conflict("too_many_metrics", _("A release has at most 200 metrics."))
        row = Metric(
            release=release, key=told.key, name_zh=told.name_zh.strip(),
            name_en=told.name_en.strip(), computes=told.computes, every_days=told.every_days,
            opened_by=actor, opened_at=clock.now(),
        )  # fmt: skip
        act.create(row, "metric.begun")
        if told.every_days:
            due = next_due_at(clock.now(), told.every_days)
            Reading.objects.create(metric=row, due_at=due)
        return row


def _check_new(told: NewMetric) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,59}", told.key):
        said = _("A key has 2 to 60 characters: a–z, 0–9 and _, beginning with a letter.")
        raise DomainError("metric_key", said, field="key", status=400)
    if queries.active_section().metric(told.key) is not None:
        said = _("The policy has a metric %(key)s, which begins with its first value.")
        raise DomainError("policy_metric", said % {"key": told.key}, field="key")
    for name in ("name_zh", "name_en"):
        text = getattr(told, name).strip()
        if not 1 <= len(text) <= 100 or is_disguised(text):
            said = _("A metric has a Chinese and an English name, of at most 100 characters.")
            raise DomainError("name_needed", said, field=name)
    if told.computes and told.computes not in [one.value for one in Computed]:
        raise DomainError("computes", _("Nothing like this is computed here."), field="computes",
                          status=400)  # fmt: skip
    if told.every_days is not None and not 1 <= told.every_days <= 400:
        said = _("Values are expected every 1 to 400 days.")
        raise DomainError("every_days", said, field="every_days")


def close_metric(*, actor: User, metric_id: uuid.UUID, reason: str) -> Metric:
    """The metric is not watched any more; one of the policy's is ended by the second line alone.

    Raises Conflict (`breach_open`, `metric_closed`).
    """
    _check_reason(reason)
    with ledger.act(actor) as act:
        row, release = _locked(actor, metric_id)
        if row.state != "open":
            raise Conflict("metric_closed", _("This metric is closed already."))
        if Breach.objects.filter(metric=row).exclude(state="closed").exists():
            said = _("A breach of this metric is open.")
            raise Conflict("breach_open", said, hint=_("Close the breach first."))
        if not row.name_zh or _is_second_lines(row):
            require_second_line(actor, release)
        Reading.objects.filter(metric=row).update(due_at=None)
        changes = {"state": "closed", "closed_by": actor}
        return act.update(row, "metric.closed", changes, reason=reason.strip())


def _is_second_lines(row: Metric) -> bool:
    """Whether the second line has had to do with its limits."""
    rows = Threshold.objects.filter(metric=row)
    bites = Q(effects__overlap=[Effect.RESTRICT.value, Effect.STOP.value])
    return rows.filter(bites | ~Q(loosens=[])).exists()


def reopen_metric(*, actor: User, metric_id: uuid.UUID) -> Metric:
    """The metric is watched again."""
    with ledger.act(actor) as act:
        row, release = _locked(actor, metric_id)
        if row.state == "open":
            raise Conflict("metric_open", _("This metric is open."))
        if release.stage == Stage.S8:
            raise Conflict("retired", _("A retired release is watched no more."))
        due = next_due_at(clock.now(), row.every_days)
        Reading.objects.filter(metric=row, segment="").update(due_at=due)
        return act.update(row, "metric.reopened", {"state": "open", "closed_by": None})


@dataclass(frozen=True)
class NewLimits:
    """Limits as somebody sets them. segment: empty for all that have none of their own."""

    bound: str
    reason: str
    segment: str = ""
    warn_low: float | None = None
    warn_high: float | None = None
    act_low: float | None = None
    act_high: float | None = None
    baseline: float | None = None
    consecutive: int = 1
    effects: tuple[str, ...] = ()

    @property
    def limits(self) -> Limits:
        """As the rulebook takes them. Raises ValueError for an unknown word."""
        return Limits(
            Bound(self.bound), self.warn_low, self.warn_high, self.act_low, self.act_high,
            self.baseline, self.consecutive, frozenset(Effect(one) for one in self.effects),
        )  # fmt: skip


def set_limits(*, actor: User, metric_id: uuid.UUID, told: NewLimits) -> Threshold:
    """These limits hold from the next value on; the older ones stay on record.

    Limits that let more pass than those in force, and a stop that follows by itself (RI-09), are
    set by the second line, without an interest in the model. Raises DomainError with the field,
    Forbidden (`second_line_closes`), SegregationRefused (`interested_person`).
    """
    _check_reason(told.reason)
    new = _checked(told)
    with ledger.act(actor) as act:
        row, release = _locked(actor, metric_id)
        holdings = queries.limits_of([row], policy.active_pack())
        standing_ones = (
            *holding_of(holdings, row.pk, told.segment).sets,
            *holdings[row.pk, ""].sets,
        )
        loosens = tuple(sorted({name for one in standing_ones for name in looser(new, one)}))
        if loosens or Effect.STOP in new.effects:
            require_second_line(actor, release)
        last = (
            Threshold.objects.filter(metric=row, segment=told.segment)
            .order_by("-number").values_list("number", flat=True).first()
        )  # fmt: skip
        made = Threshold(
            metric=row, segment=told.segment, number=(last or 0) + 1, bound=new.bound.value,
            warn_low=new.warn_low, warn_high=new.warn_high, act_low=new.act_low,
            act_high=new.act_high, baseline=new.baseline, consecutive=new.consecutive,
            effects=sorted(one.value for one in new.effects), loosens=list(loosens),
            reason=told.reason.strip(), set_by=actor, set_at=clock.now(),
        )  # fmt: skip
        return act.create(made, "threshold.set")


def _checked(told: NewLimits) -> Limits:
    try:
        limits = told.limits
    except ValueError as error:
        said = _("Unknown kind of limit, or effect.")
        raise DomainError("unknown_limit", said, field="bound", status=400) from error
    for name in ("warn_low", "warn_high", "act_low", "act_high", "baseline"):
        value = getattr(limits, name)
        if value is not None and (not math.isfinite(value) or abs(value) > MOST_VALUE):
            raise DomainError("value_not_finite", _("A limit is a finite number."), field=name)
    if not 1 <= limits.consecutive <= 30:
        said = _("1 to 30 values in a row.")
        raise DomainError("consecutive", said, field="consecutive")
    if limits.fault():
        said = _("This limit does not fit the others, or the kind of limit.")
        raise DomainError("limits_do_not_fit", said, field=limits.fault(),
                          hint=_("Warning begins before action, low lies below high."))  # fmt: skip
    if limits.bound in BASED and limits.baseline is None:
        said = _("A drop or a shift is measured from a baseline.")
        raise DomainError("baseline_needed", said, field="baseline")
    if not is_segment(told.segment):
        said = _("A segment has at most 100 printable characters, and no blanks around.")
        raise DomainError("segment", said, field="segment")
    return limits


def _check_reason(reason: str) -> None:
    if not 6 <= len(reason.strip()) <= 2_000:
        said = _("Give a reason, in 6 to 2,000 characters.")
        raise DomainError("text_needed", said, field="reason")


def _locked(actor: User, metric_id: uuid.UUID) -> tuple[Metric, Release]:
    row = ledger.lock(Metric.objects.all(), metric_id)
    release = releases.whole(Release.objects.filter(pk=row.release_id)).get()
    _check_hand(actor, release)
    return row, release


def _check_hand(actor: User, release: Release) -> None:
    """Raises Forbidden for builders of other models: a limit can stop what it is about."""
    releases.check_reach(actor, Capability.SET_LIMITS, release)
    is_second_line = standing(actor).has_at(release.model_use.entity.path, *queries.SECOND)
    if not is_second_line and not has_made(actor, release):
        raise Forbidden(
            "not_yours",
            _("Whoever owns or has built this model sets its limits, and the second line."),
            field=Capability.SET_LIMITS.value,
        )
