"""What ends deployment permits: orders, a release that goes back, an approval that ends.

The list of the revoked counts all this at once; here it comes on record.
"""

from __future__ import annotations

from django.db.models import Q, QuerySet

from governance.permits import services as permits
from governance.permits.models import Permit
from governance.suspensions.models import Order
from governance.suspensions.queries import Target
from governance.suspensions.queries.targets import reached
from registry.core import clock
from registry.core.dispatch.services import Event
from registry.core.people import queries as people

ORDERS = ("order.stop", "order.restrict")
MOVES = ("release.moved", "release.approval_ended", "release.approved")
AT_ONCE = 200  # permits in one act


def revoke_ordered(event: Event) -> None:
    """A stop, or a restriction where the policy says so, revokes the permits that it reaches."""
    order = Order.objects.get(pk=event.subject_id)
    here = reached(Target.of(order)).order_by().values("pk")
    live = Permit.objects.filter(revoked_at=None, expires_at__gt=clock.now())
    _revoke(live.filter(Q(release__in=here) | Q(release=None)))


def revoke_left(event: Event) -> None:
    """A release that goes back, is retired or is approved no more takes its permits along."""
    live = Permit.objects.filter(
        release=event.subject_id, revoked_at=None, expires_at__gt=clock.now()
    )
    _revoke(live)


def _revoke(rows: QuerySet[Permit]) -> None:
    """Those of the permits that the facts have ended."""
    found = sorted(rows.values_list("pk", flat=True))
    for start in range(0, len(found), AT_ONCE):
        permits.revoke_ended(actor=people.system(), permit_ids=found[start : start + AT_ONCE])
