"""The stop switch of the demo story: a gateway enforces stops, and the pilot is drilled (BR-07)."""

from __future__ import annotations

import datetime as dt

from governance.desk.demo.accounts import ADMINISTRATORS
from governance.desk.demo.institution import person
from governance.desk.demo.telling import Steps, Told
from governance.suspensions import services
from governance.suspensions.models import Order
from governance.suspensions.services import Drilled, NewConsumer
from registry.core import clock
from registry.core.people import services as people
from registry.core.people.queries import root_entity
from registry.core.people.rules import Role
from registry.releases.models import Release

GATEWAY = "gateway"
BEFORE_PRODUCTION = 4  # days
REPORT = Drilled(
    "演练（演示）：试点期间停用评分卡，决策平台把策略切换为“全部转人工”。",
    "值班运维、模型风险管理、零售信贷审批岗",
    findings="切换用时在时限之内；夜间值班电话一处过期。",
    actions="已更新值班电话簿（演示）。",
)


def tell(told: Told) -> Steps:
    """The gateway is opened as the pilot begins; before production the scorecard is drilled."""
    days = told.story.days
    yield told.at(days["S4"], "16:30")
    _open()
    day = days["S5"] + BEFORE_PRODUCTION
    yield told.at(day, "10:05")
    release = Release.objects.get(pk=told.others[told.story.key].release_id)
    row = services.order(
        actor=person("ops"), kind="stop", target_type="release", target_id=release.pk,
        reason="上线前停用与接管演练（演示）", is_drill=True,
        noticed_at=clock.now() - dt.timedelta(minutes=6),
    )  # fmt: skip
    yield told.after(dt.timedelta(seconds=70))
    services.acknowledge(actor=person(GATEWAY), order_id=row.pk, action="applied")
    yield told.after(dt.timedelta(minutes=9))
    services.acknowledge(actor=person(GATEWAY), order_id=row.pk, action="fallback")
    yield from _end(told, row, day)


def _end(told: Told, row: Order, day: int) -> Steps:
    """Two officers resume it, and two people stand behind the report."""
    for time, username in (("10:40", "mrm"), ("10:52", "cro")):
        yield told.at(day, time)
        services.resume(
            actor=person(username), order_id=row.pk, reason="演练结束，切换与恢复均正常（演示）。"
        )
    yield told.after(dt.timedelta(minutes=3))
    services.acknowledge(actor=person(GATEWAY), order_id=row.pk, action="resumed")
    yield told.at(day, "16:00")
    report = services.report_drill(actor=person("ops"), order_id=row.pk, told=REPORT)
    yield told.at(day, "16:40")
    services.countersign_drill(actor=person("mrm_head"), report_id=report.pk)


def _open() -> None:
    """The gateway's account, which enforces stops in the whole institution."""
    admin, root = person(ADMINISTRATORS[0][0]), root_entity()
    assert root is not None  # noqa: S101 (the story has founded it)
    machine = people.enrol_machine(actor=admin, username=GATEWAY, name="零售信贷决策网关")
    people.assign_role(actor=admin, user=machine, role=Role.GATEWAY, entity=root)
    new = NewConsumer("零售信贷决策网关", machine, root)
    services.open_consumer(actor=admin, told=new)
