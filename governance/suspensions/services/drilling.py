"""演练报告: what a drill has shown, written by one person and countersigned by another."""

from __future__ import annotations

import decimal
import uuid
from dataclasses import dataclass

from django.utils.translation import gettext as _

from governance.suspensions import queries
from governance.suspensions.models import DrillReport, Order
from governance.suspensions.queries import Target, consuming
from registry.core import clock
from registry.core.errors import Conflict, DomainError, SegregationRefused
from registry.core.ledger import services as ledger
from registry.core.people.models import User
from registry.core.people.rules import Capability


@dataclass(frozen=True)
class Drilled:
    """What the report says; how long it took is computed."""

    scenario: str
    participants: str
    vendor_took_part: bool = False
    manual_capacity_hours: decimal.Decimal | None = None
    findings: str = ""
    actions: str = ""


def report_drill(*, actor: User, order_id: uuid.UUID, told: Drilled) -> DrillReport:
    """The drill has its report; how long it took to decide, stop and fall back is in it."""
    for name in ("scenario", "participants"):
        if len(getattr(told, name).strip()) < 6:
            said = _("Describe this in at least 6 characters.")
            raise DomainError("text_needed", said, field=name)
    with ledger.act(actor) as act:
        order = ledger.lock(Order.objects.all(), order_id)
        queries.check_reach(actor, Capability.REPORT_DRILL, Target.of(order))
        if not order.is_drill:
            raise Conflict("no_drill", _("This order was no drill."))
        if order.state != "lifted":
            raise Conflict("drill_goes_on", _("The drill has not ended; resume first."))
        if DrillReport.objects.filter(order=order).exists():
            raise Conflict("reported_already", _("This drill has its report already."))
        measured = consuming.measure(order)
        row = DrillReport(
            order=order,
            rto_minutes=measured.effective.minutes,
            decision_minutes=measured.decision.minutes,
            fallback_minutes=measured.fallback.minutes,
            written_by=actor,
            written_at=clock.now(),
            **vars(told),
        )
        return act.create(row, "drill.reported")


def countersign_drill(*, actor: User, report_id: uuid.UUID) -> DrillReport:
    """Another person of the second line stands behind the report; it is closed.

    Raises SegregationRefused (`own_report`) for whoever wrote it, or ordered the drill.
    """
    with ledger.act(actor) as act:
        row = ledger.lock(DrillReport.objects.select_related("order"), report_id)
        queries.check_reach(actor, Capability.COUNTERSIGN_DRILL, Target.of(row.order))
        if row.countersigned_by_id is not None:
            raise Conflict("countersigned_already", _("This report is countersigned already."))
        own = (row.written_by_id, row.order.ordered_by_id)
        if actor.pk in own or actor.is_superuser:
            said = _("Another person countersigns than who wrote the report or ordered the drill.")
            raise SegregationRefused("own_report", said)
        changes = {"countersigned_by": actor, "countersigned_at": clock.now()}
        return act.update(row, "drill.countersigned", changes)
