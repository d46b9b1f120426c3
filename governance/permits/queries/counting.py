"""How break-glass permits stand: figures for the page."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q

from governance.permits.models import PermitKind
from governance.permits.queries.reading import visible_to, visible_uses
from registry.core import clock
from registry.core.people.models import User


@dataclass(frozen=True)
class Figures:
    """Of what the person may see: holding now, ended and not accounted for, uses told, and of
    these of unknown bytes and told late.
    """

    live: int
    unaccounted: int
    uses: int
    unknown: int
    late: int


def figures(user: User) -> Figures:
    """Two statements."""
    ended = Q(expires_at__lte=clock.now()) | Q(revoked_at__isnull=False)
    rows = visible_to(user).filter(kind=PermitKind.BREAK_GLASS, accounted_at=None)
    found = rows.aggregate(live=Count("pk", filter=~ended), ended=Count("pk", filter=ended))
    told: dict[str, int] = visible_uses(user).aggregate(
        uses=Count("pk"),
        unknown=Count("pk", filter=Q(is_known=False)),
        late=Count("pk", filter=Q(is_late=True)),
    )
    return Figures(found["live"], found["ended"], **told)
