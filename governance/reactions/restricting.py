"""What restricts a release by itself, by a blocking rule."""

from __future__ import annotations

import uuid
from typing import Any

from governance.findings import services as findings
from governance.lifecycle import queries as lifecycle
from governance.reviews import queries as review_queries
from governance.reviews.models import Package
from governance.suspensions import services as suspensions
from governance.suspensions.models import Order
from registry.core.dispatch.services import Event
from registry.core.people import queries as people
from registry.core.policy.models import PackRelease
from registry.releases import queries as releases_queries
from registry.releases.models import Environment, Release, Stage


def restrict_unapproved(event: Event) -> None:
    """BR-09: a digest in production that is not the version's is restricted at once.

    Not again where the same bytes have only moved: people may have lifted that already.
    """
    state, facts = event.body["state"], event.body.get("facts", {})
    if state["environment"] != Environment.PRODUCTION or facts.get("matches_version", True):
        return
    if facts.get("has_moved"):
        return
    release_id = uuid.UUID(state["release_id"])
    reason = f"BR-09: {state['digest']}"
    if Order.objects.filter(target_id=release_id, reason=reason, state="in_force").exists():
        return
    suspensions.order(
        actor=people.system(),
        kind="restrict",
        target_type="release",
        target_id=release_id,
        reason=reason,
        limits="生产摘要与批准版本不一致 / the digest in production is not the approved one",
    )


def restrict_overdue(event: Event) -> None:
    """RI-07: a release whose reviews are overdue beyond the grace is restricted, unless they were
    done or deferred meanwhile."""
    row = review_queries.whole(Package.objects.filter(pk=event.subject_id)).get()
    if row.release is None or row.state != "open" or review_queries.is_held(row):
        return
    reason = f"BR-11: {row.code}"
    if Order.objects.filter(target_id=row.release.pk, reason=reason, state="in_force").exists():
        return
    suspensions.order(
        actor=people.system(),
        kind="restrict",
        target_type="release",
        target_id=row.release.pk,
        reason=reason,
        limits="完成逾期的检查前不得扩大使用 / no wider use until the overdue reviews are done",
    )


def restrict_unexplained(event: Event) -> None:
    """BR-01: a live release whose level no longer permits its decision role is restricted."""
    release = releases_queries.whole(Release.objects.filter(pk=event.subject_id)).get()
    fires = any(one.rule.id == "BR-01" for one in lifecycle.gate_of(release, "S5").blocked)
    spared = release.model_use.is_uninterruptible
    if release.stage not in (Stage.S4, Stage.S5) or not fires or spared:
        return
    reason = f"BR-01: {release.explainability_level}"
    if Order.objects.filter(target_id=release.pk, reason=reason, state="in_force").exists():
        return
    suspensions.order(
        actor=people.system(),
        kind="restrict",
        target_type="release",
        target_id=release.pk,
        reason=reason,
        limits="仅可作为辅助工具，由人作出决定 / a person decides; the model only recommends",
    )


def follow_up_review(event: Event) -> None:
    """What a signed review found becomes a finding, or restricts the release."""
    effect = event.body.get("facts", {}).get("effect", "none")
    state = event.body["state"]
    if effect == "none" or state["release_id"] is None:
        return
    release_id = uuid.UUID(state["release_id"])
    code = f"{_kind_named(state)} · {Package.objects.get(pk=state['package_id']).code}"
    findings.raise_finding(
        actor=people.system(),
        release_id=release_id,
        severity="critical" if effect == "restrict" else "high",
        title=code,
        detail=state["summary"],
    )
    if effect == "restrict":
        suspensions.order(
            actor=people.system(),
            kind="restrict",
            target_type="release",
            target_id=release_id,
            reason=code,
            limits=state["summary"],
        )


def raise_unconfirmed(event: Event) -> None:
    """A row that nobody confirmed while its campaign ran is a finding."""
    state = event.body["state"]
    findings.raise_finding(
        actor=people.system(),
        release_id=uuid.UUID(state["release_id"]),
        severity="medium",
        title=f"{_kind_named(state)} · {event.body['facts']['campaign']}",
        detail="台账未在期限内确认。/ The register's row was not confirmed in time.",
    )


def _kind_named(state: dict[str, Any]) -> str:  # Any: JSON
    """The kind of review with its names."""
    kind = review_queries.section_of(PackRelease.objects.get(pk=state["pack_id"])).kind(
        state["kind"]
    )
    return f"{kind.key} {kind.label.zh} / {kind.label.en}" if kind is not None else state["kind"]
