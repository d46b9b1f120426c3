"""What starts legal clocks by itself, and what follows when one has run out."""

from __future__ import annotations

from governance.approvals.models import Approval
from governance.clocks import services as clocks
from governance.clocks.models import Clock
from governance.committees.models import Resolution
from governance.findings import services as findings
from governance.findings.models import Finding
from registry.core import clock
from registry.core.dispatch.services import Event
from registry.core.notices import services as notices
from registry.core.people import queries as people
from registry.releases import queries as releases
from registry.releases.models import Release, Stage

_STARTING = {Stage.S5: "service_started", Stage.S8: "service_ended"}


def start_of_service(event: Event) -> None:
    """A service begins in production and ends with retirement (算法推荐 24)."""
    state = event.body["state"]
    started = _STARTING.get(state["stage"])
    if started is None:
        return
    release = releases.whole(Release.objects.filter(pk=event.subject_id)).get()
    if started == "service_ended" and not _was_live(event):
        return
    clocks.start_by_event(
        actor=people.system(),
        event=started,
        release=release,
        event_at=clock.moment_of(state["stage_since"]),
        reason=f"{release.code} → {state['stage']}",
    )


def _was_live(event: Event) -> bool:
    """Whether it was retired from production: what never served ends no service."""
    return str(event.body.get("facts", {}).get("was", "")) == Stage.S5


def start_of_report(event: Event) -> None:
    """The RMC's resolution starts the report of a high-risk application (金发8号 (十六))."""
    approval = Approval.objects.select_related("release").get(pk=event.subject_id)
    resolved = Resolution.objects.filter(
        body_code="rmc", outcome="approved", subject_id=approval.pk
    ).exists()
    if not resolved or approval.decided_at is None:
        return
    clocks.start_by_event(
        actor=people.system(),
        event="rmc_resolved",
        release=releases.whole(Release.objects.filter(pk=approval.release_id)).get(),
        event_at=approval.decided_at,
        reason=f"RMC · {approval.code}",
    )


def count_anew(event: Event) -> None:
    """Another arrangement of working days ends running clocks on other days."""
    clocks.count_anew(actor=people.system(), country=event.body["state"]["country"])


def settle(event: Event) -> None:
    """A clock that has ended waits for nobody."""
    notices.settle(once_key=f"clock:{event.subject_id}", and_below=True)


def raise_overdue(event: Event) -> None:
    """A legal limit that has passed is a finding about its release."""
    row = Clock.objects.select_related("release").get(pk=event.subject_id)
    known = Finding.objects.filter(release=row.release_id, title__startswith=f"{row.code} ·")
    if row.release is None or known.exists():
        return
    findings.raise_finding(
        actor=people.system(),
        release_id=row.release.pk,
        severity="high",
        title=f"{row.code} · {row.kind}",
        detail=row.reason,
    )
