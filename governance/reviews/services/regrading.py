"""Re-tiering where policy has come to grade by other rules (PR-10, regulations II.5.1)."""

from __future__ import annotations

from governance.reviews.rules import Trigger
from governance.reviews.services.answering import call_for_all
from registry.classification import queries as classification
from registry.core.jobs.services import Progress
from registry.core.people.models import User
from registry.releases import queries as releases
from registry.releases.models import Release, Stage


def call_for_regrading(*, actor: User, progress: Progress | None = None) -> int:
    """Live releases whose grade rests on other rules than today's wait for their re-tiering.

    Each in an act of its own; those that wait for it already are left alone. Returns how many.
    """
    live = releases.whole(Release.objects.filter(stage=Stage.S5)).order_by("pk")
    keys = list(live.values_list("pk", flat=True))
    called = 0
    for done, key in enumerate(keys, 1):
        release = live.get(pk=key)
        grade = classification.in_force(release.model_use)
        if grade is not None and classification.grades_otherwise(grade):
            rows = call_for_all(
                actor=actor,
                release_id=key,
                trigger=Trigger.PACK_CHANGED,
                reason=f"{grade.pack.key} {grade.pack.version} → {grade.pack.key}",
            )
            called += bool(rows)
        if progress is not None and done % 20 == 0:
            progress("regrade", done, len(keys))
    return called
