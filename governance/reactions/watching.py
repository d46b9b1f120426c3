"""What is watched once a release is live, and what a breach brings about (RI-06, RI-09)."""

from __future__ import annotations

import uuid

from django.db.models import Q

from governance.findings import services as findings
from governance.findings.models import Finding
from governance.monitoring import queries as monitoring
from governance.monitoring import services as watching
from governance.monitoring.models import Breach, BreachKind, Level, Metric
from governance.monitoring.rules import Effect
from governance.reviews import services as reviews
from governance.reviews.rules import Trigger
from governance.suspensions import queries as stopping
from governance.suspensions import services as suspensions
from governance.suspensions.models import Order
from registry.catalogue.queries import names_shown
from registry.core import clock
from registry.core.dispatch.services import Event
from registry.core.notices import services as notices
from registry.core.people import queries as people
from registry.core.people.rules import Role
from registry.releases import queries as releases
from registry.releases.models import Release, Stage

LIVE = (Stage.S4, Stage.S5)


def expect_metrics(event: Event) -> None:
    """Going live begins what the policy expects, another tier its rhythm, retirement ends all."""
    concerned = Q(pk=event.subject_id) | Q(model_use=event.subject_id, stage__in=LIVE)
    for release_id in Release.objects.filter(concerned).order_by("pk").values_list("pk", flat=True):
        watching.expect(actor=people.system(), release_id=release_id)


def follow_up_breach(event: Event) -> None:
    """People are told; at the level of action reviews are called for, and what the limits say."""
    row = Breach.objects.select_related("metric", "pack").get(pk=event.subject_id)
    release = releases.whole(Release.objects.filter(pk=row.release_id)).get()
    if row.state == "closed" or release.stage not in LIVE:
        return
    _tell(row, release)
    if row.level != Level.ACT:
        return
    effects = set(event.body.get("facts", {}).get("effects", ()))
    if Effect.STOP in effects:
        _stop(row, release)
    if Effect.RESTRICT in effects:
        _restrict(row, release)
    if Effect.FINDING in effects:
        _find(row, release)
    _call_for_reviews(row, release)


def _names(row: Breach) -> tuple[str, str]:
    section = monitoring.section_of(row.pack)
    spec = None if row.metric.name_zh else section.metric(row.metric.key)
    zh, en = monitoring.metric_named(row.metric, spec)
    about = f" · {row.segment}" if row.segment else ""
    return zh + about, en + about


def _tell(row: Breach, release: Release) -> None:
    """The owner, and whoever answers for model risk where it is used."""
    path = release.model_use.entity.path
    told = {release.model_use.model.owner_id, release.model_use.use_case.owner_id}
    told |= set(people.holders_of(Role.MODEL_RISK, path).values_list("pk", flat=True))
    zh, en = _names(row)
    model_zh, model_en = names_shown(release.model_use.model)
    words = {
        (BreachKind.SILENT, Level.WARN): ("没有按期上报", "has not been reported in time"),
        (BreachKind.LIMIT, Level.WARN): ("超出预警线", "is beyond its warning limit"),
        (BreachKind.LIMIT, Level.ACT): ("超出处置线，需立即处置", "is beyond its limit: act now"),
    }
    told_zh, told_en = words[BreachKind(row.kind), Level(row.level)]
    notices.tell(
        user_ids=told,
        kind="breach.opened",
        text_zh=f"“{model_zh}”的指标“{zh}”{told_zh}（{row.code}）。"[:500],
        text_en=f"“{en}” of “{model_en}” {told_en} ({row.code})."[:500],
        link=f"/metrics/{row.metric_id}/",
        once_key=f"breach:{row.metric_id}:{row.level}:{clock.today()}",  # however many segments
        is_task=True,
        stays_inside=release.model_use.model.is_confidential,
    )


def _find(row: Breach, release: Release) -> None:
    """One finding for a metric, however many of its segments break their limits."""
    zh, en = monitoring.metric_named(
        row.metric, monitoring.section_of(row.pack).metric(row.metric.key)
    )
    title = f"RI-06: {row.metric.key} · {zh} / {en}"[:200]
    if Finding.objects.filter(release=release, title=title).exclude(state="closed").exists():
        return
    findings.raise_finding(
        actor=people.system(), release_id=release.pk, severity="high", title=title,
        detail=f"{row.code} · {row.segment or '-'} · {row.value}",
    )  # fmt: skip


def _restrict(row: Breach, release: Release) -> None:
    reason = f"RI-06: {row.metric.key}"
    standing = Order.objects.filter(target_id=release.pk, reason=reason, state="in_force")
    if release.model_use.is_uninterruptible or standing.exists():
        return
    suspensions.order(
        actor=people.system(), kind="restrict", target_type="release", target_id=release.pk,
        reason=reason,
        limits=f"{row.code}: 指标恢复前不得扩大使用 / no wider use until the metric has recovered",
    )  # fmt: skip


def _stop(row: Breach, release: Release) -> None:
    """RI-09 自动熔断: the limit, and that it stops, was put in force by the second line."""
    if stopping.is_stopped(release):
        return
    suspensions.order(
        actor=people.system(), kind="stop", target_type="release", target_id=release.pk,
        reason=f"RI-09 · {row.code} · {row.metric.key}",
    )  # fmt: skip


def _call_for_reviews(row: Breach, release: Release) -> None:
    if row.metric.name_zh:
        return
    spec = monitoring.section_of(row.pack).metric(row.metric.key)
    if spec is None or not spec.calls_for:
        return
    reviews.call_for_all(
        actor=people.system(), release_id=release.pk, trigger=Trigger.BREACH,
        reason=f"{row.code}: {row.metric.key}", only=spec.calls_for,
    )  # fmt: skip


def tell_of_correction(event: Event) -> None:
    """Values that were replaced are model risk's to look at."""
    metric = Metric.objects.select_related("release__model_use__model").get(pk=event.subject_id)
    release = releases.whole(Release.objects.filter(pk=metric.release_id)).get()
    path = release.model_use.entity.path
    zh, en = monitoring.metric_named(metric, monitoring.spec_of(metric))
    model_zh, model_en = names_shown(release.model_use.model)
    notices.tell(
        user_ids=set(people.holders_of(Role.MODEL_RISK, path).values_list("pk", flat=True)),
        kind="breach.corrected",
        text_zh=f"“{model_zh}”的指标“{zh}”有数值被更正。"[:500],
        text_en=f"Values of “{en}” of “{model_en}” were corrected."[:500],
        link=f"/metrics/{metric.pk}/",
        once_key=f"corrected:{metric.pk}:{event.seq}",
        stays_inside=release.model_use.model.is_confidential,
    )


def tell_late(event: Event) -> None:
    """A breach that nobody closed in time is the head of model risk's task."""
    row = Breach.objects.select_related("metric", "pack").get(pk=event.subject_id)
    release = releases.whole(Release.objects.filter(pk=row.release_id)).get()
    if row.state == "closed":
        return
    path = release.model_use.entity.path
    heads: set[uuid.UUID] = set(
        people.holders_of(Role.MODEL_RISK_HEAD, path).values_list("pk", flat=True)
    )
    zh, en = _names(row)
    model_zh, model_en = names_shown(release.model_use.model)
    notices.tell(
        user_ids=heads,
        kind="breach.late",
        text_zh=f"“{model_zh}”的指标“{zh}”告警超时未处置（{row.code}）。"[:500],
        text_en=f"The breach of “{en}” of “{model_en}” was not dealt with in time ({row.code})."[
            :500
        ],
        link=f"/metrics/{row.metric_id}/",
        once_key=f"breach:{row.metric_id}:late:{clock.today()}",
        is_task=True,
        stays_inside=release.model_use.model.is_confidential,
    )
