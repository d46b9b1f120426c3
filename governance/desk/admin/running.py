"""What runs where of a use: beside what was approved, and by which permit."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from governance.permits import queries as permits
from registry.core.people.models import User
from registry.releases import queries, rules
from registry.releases.models import Deployment, Environment, Release
from registry.releases.rules import Standing

APPROVED_ONLY = (Environment.PILOT, Environment.PRODUCTION)
BADGES = {Standing.MATCH: "good", Standing.DRIFT: "bad", Standing.UNAPPROVED: "bad"}


def of_release(user: User, release: Release) -> dict[str, Any]:
    """What the release's story shows: what runs of its use, of whichever release."""
    rows = queries.running_of_use(release.model_use_id)
    approved = queries.approved_digests(release.model_use_id)
    live = [one for one in rows if one.environment == Environment.PRODUCTION]
    by = permits.covering(live)
    uncovered = permits.uncovered(Deployment.objects.filter(pk__in=[one.pk for one in live]))
    without = set(uncovered.values_list("pk", flat=True))
    # In a pilot the rest of the traffic goes where it went before: to people, to older systems.
    uneven = {
        place: total
        for place, total in rules.uneven(map(queries.report_of, rows)).items()
        if total > rules.EVERYTHING or Environment.PRODUCTION in place
    }
    return {
        "running": [
            {
                "row": one,
                "version": _version(one, release, approved),
                "badge": _badge(one, approved),
                "permit": by.get(one.pk),
                "lacks_permit": one.pk in without,
                "uneven": uneven.get(queries.report_of(one).place),
            }
            for one in reversed(rows)
        ]
    }


def _badge(row: Deployment, approved: dict[str, Release]) -> dict[str, str] | None:
    """Match, drift or unapproved, where approval is needed to run."""
    if row.environment not in APPROVED_ONLY:
        return None
    found = rules.standing(row.digest, approved)
    words = {
        Standing.MATCH: _("approved"),
        Standing.DRIFT: _("drift: another version is approved"),
        Standing.UNAPPROVED: _("unapproved: nothing is approved"),
    }
    return {"tone": BADGES[found], "text": words[found]}


def _version(row: Deployment, release: Release, approved: dict[str, Release]) -> str:
    """The label of the version with this digest; empty for one that nobody has registered."""
    known = [approved.get(row.digest), release, row.release]
    for one in known:
        if one is not None and one.version is not None and one.version.digest == row.digest:
            return one.version.label
    return ""
