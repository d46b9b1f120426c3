"""The legal clocks of the demo story: completed in time, but for one that is still running."""

from __future__ import annotations

import datetime as dt

from governance.clocks import services as clocks
from governance.clocks.models import Clock
from governance.desk.demo.institution import person
from governance.desk.demo.telling import Steps, Told
from registry.core import clock
from registry.core.people import queries as people
from registry.core.people.queries import root_entity

STARTED_DAY = 4
WORKED_DAYS = dt.timedelta(days=3)  # compliance needs so long for a report


def tell(told: Told, first_day: int) -> Steps:
    """Twice a week compliance completes what runs; lately a filed fact has changed."""
    started = False
    for day in range(first_day, 0, -3):
        yield told.at(day, "17:10")
        clocks.sweep(actor=people.system())
        for row in Clock.objects.filter(
            state="running", started_at__lt=clock.now() - WORKED_DAYS, kind="high_risk_report"
        ):
            clocks.complete(
                actor=person("compliance"),
                clock_id=row.pk,
                receipt=f"演示回执-{row.code}",
                note="演示数据 / demonstration",
            )
        if not started and day <= STARTED_DAY:
            started = True
            clocks.start(
                actor=person("compliance"),
                kind="algorithm_filing_change",
                event_at=clock.now() - dt.timedelta(days=1),
                reason="手机银行推荐模型新增一类输入数据，备案信息需要变更。（演示）",
                entity=root_entity(),
            )
