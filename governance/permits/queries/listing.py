"""What the list of revoked permits holds, and which entries of the ledger can change it."""

from __future__ import annotations

import datetime as dt

from governance.permits.models import Permit
from governance.permits.queries.ending import causes
from governance.permits.queries.reading import whole
from governance.permits.rules import Revoked
from governance.suspensions.queries import listing
from governance.suspensions.queries.listing import Version

CHANGING = (
    "order.stop", "order.restrict", "order.lifted", "release.moved", "release.approved",
    "release.approval_ended", "permit.revoked",
)  # fmt: skip


def version() -> Version:
    """The last entry that can have changed the list: one statement."""
    return listing.version(CHANGING)


def listed(at: dt.datetime) -> list[Revoked]:
    """The permits that would hold at that moment, had they not been revoked, or the facts not
    ended them: those count at once, before the revocation is on record.
    """
    rows = list(whole(Permit.objects.filter(expires_at__gt=at)).order_by("code"))
    ended = causes([row for row in rows if row.revoked_at is None])
    found = []
    for row in rows:
        if row.revoked_at is not None:
            found.append(Revoked(row.code, row.revoked_at, row.expires_at, row.revoked_because))
        elif row.pk in ended:
            cause = ended[row.pk]
            since = cause.at or max(at, row.issued_at)
            found.append(Revoked(row.code, since, row.expires_at, cause.because.value))
    return found
