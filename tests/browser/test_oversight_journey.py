"""A day at run time: a gateway posts 100,000 decisions of the demo scorecard, people decide what
waits in a browser, a rubber stamp is noticed, a drift trips the breaker, a drill is run, and the
offline verifiers prove one decision and the stop.
"""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connections

from docs.samples.gateway import Decision, Gateway
from governance.checkpoints import services
from governance.checkpoints.models import Case, Plan
from governance.checkpoints.models import Decision as Recorded
from governance.checkpoints.services import overseeing
from governance.desk.demo import overseeing as demo
from governance.reviews.models import Review
from governance.suspensions import services as suspensions
from governance.suspensions.models import Order
from governance.suspensions.services import Drilled, NewConsumer
from registry.core import clock
from registry.core.dispatch import services as dispatch
from registry.core.ledger import services as ledger
from registry.core.people.queries import system
from registry.releases.models import Release
from tests import story
from tests.browser.conftest import Browser, press, serving, submit
from tests.governance.checkpoints.conftest import live_committed
from tests.governance.checkpoints.world import trained
from tests.rest.calling import caller, secret_of
from tests.states import LIVE
from tests.world import head_office, person

__all__ = ["live_committed"]  # fixtures
PLAN = (demo.FOLDER / "plan.yaml").read_text(encoding="utf-8")
DOCS = Path(settings.BASE_DIR) / "docs"
BULK, BATCH = 99_500, 1_000
Minutes = Callable[[float], Any]


@pytest.fixture
def moment_file(tmp_path: Path) -> Path:
    path = tmp_path / "now"
    path.write_text(LIVE.isoformat(), encoding="utf-8")
    return path


@pytest.fixture
def site(live_committed: str, moment_file: Path) -> Iterator[str]:
    """Gunicorn on the database with the live scorecard, at the test's moment."""
    with serving(live_committed, MINGCE_TEST_CLOCK_FILE=str(moment_file)) as address:
        yield address


@pytest.fixture
def after(moment_file: Path) -> Minutes:
    """It is so many minutes after the release went live, for the test and for the server."""

    @contextmanager
    def moment(minutes: float) -> Iterator[None]:
        now = LIVE + dt.timedelta(minutes=minutes)
        moment_file.write_text(now.isoformat(), encoding="utf-8")
        with clock.at(now):
            yield

    return moment


@pytest.mark.parametrize("desk", ["zh"], indirect=True)
def test_a_day_at_run_time(desk: Browser, site: str, after: Minutes, tmp_path: Path) -> None:
    release = Release.objects.get()
    with after(0):
        plan = planned(release)
        mine = gateway(site, release)
        posted(mine, release)
    decided_in_the_browser(desk, after)
    rubber_stamped(desk, after, plan)
    tripped(desk, after, mine, release)
    drilled(desk, after, mine, release)
    with after(200):
        proven(tmp_path)
    connections.close_all()


def planned(release: Release) -> Plan:
    """The demo scorecard's own plan replaces the one before."""
    row = services.draft(actor=person("wang"), release_id=release.pk, content=PLAN)
    sample = list(islice(demo.decisions(release), 5))
    services.test(actor=person("gateway"), plan_id=row.pk, samples=sample)
    return services.activate(actor=person("chen"), plan_id=row.pk)


def gateway(site: str, release: Release) -> Gateway:
    """The sample client, with the gateway's token; its account also enforces stops."""
    story.disarm()  # the one that was drilled before production
    machine = person("gateway")
    told = NewConsumer("信贷网关", machine, head_office())
    suspensions.open_consumer(actor=person("admin"), told=told)
    token = secret_of(machine, "post_decisions", "read", "acknowledge_stop", actor=person("admin"))
    return Gateway(site, token, release.code, timeout_seconds=60.0)


def told_of(release: Release, mark: str, *outputs: str) -> list[Decision]:
    """The artifact's decisions on the sample with these outputs (all, if none is named)."""
    return [
        Decision(f"{mark}-{one.reference}", one.output, dict(one.fields))
        for one in demo.decisions(release)
        if not outputs or one.output in outputs
    ]


def posted(mine: Gateway, release: Release) -> None:
    """100,000 decisions over HTTP, a thousand at a time; half a thousand as they come."""
    approved = told_of(release, "A", "approve")
    for begin in range(0, BULK, BATCH):
        size = min(BATCH, BULK - begin)
        rows = [
            Decision(f"{begin + n}-{one.reference}", one.output, one.fields)
            for n, one in zip(range(size), approved * (size // len(approved) + 1), strict=False)
        ]
        assert {one.answer for one in mine.decide_many(rows)} == {"proceed"}
    mixed = told_of(release, "M")[:500]
    answers = [one.answer for one in mine.decide_many(mixed)]
    held = sum(one.output != "approve" for one in mixed)
    assert (answers.count("hold"), answers.count("proceed")) == (held, 500 - held)
    assert Recorded.objects.count() == 100_000
    assert Case.objects.filter(state="open").count() == held
    services.seal(actor=system())


def decided_in_the_browser(desk: Browser, after: Minutes) -> None:
    """Two cases from the queue: one accepted, one overridden by keyboard."""
    with after(5):
        page = desk.window("fu")
        for key, reason, final in (("a", "within_policy", ""), ("o", "data_wrong", "approve")):
            page.goto(f"{desk.base}/cases/")
            desk.shot(page, "cases")
            page.click("form[action$='take-up/'] button")
            page.wait_for_selector("#decide")
            with after(6):
                page.keyboard.press(key)
                page.select_option("[name=reason_code]", reason)
                page.fill("[name=final_output]", final)
                desk.shot(page, f"case-{key}")
                submit(page)
        assert page.url.endswith("/cases/")
    done = Case.objects.exclude(viewed_by=None, first_by=None).filter(
        state__in=["decided", "second"]
    )
    assert done.count() == 2


def rubber_stamped(desk: Browser, after: Minutes, plan: Plan) -> None:
    """Somebody accepts seventy cases in twelve seconds each: the figures say so."""
    fang = person("fang")
    trained(fang, limit=1_000)
    rows = Case.objects.filter(state="open", checkpoint="decline").order_by("position")[:70]
    assert len(rows) == 70
    for number, row in enumerate(rows):
        with after(10 + 0.2 * number):
            services.claim(actor=fang, case_id=row.pk)
        with after(10.2 + 0.2 * number):
            services.decide(
                actor=fang, case_id=row.pk, outcome="accept", reason_code="within_policy"
            )
    with after(25):
        assert "streak" in {one["verdict"] for one in overseeing.alarms_of(plan)}
        services.oversee(actor=system())
        dispatch.run()
        page = desk.window("chen")
        page.goto(f"{desk.base}/plans/{plan.pk}/")
        assert "连续70件未推翻" in page.inner_text("main.mingce")
        desk.shot(page, "plan")
    assert Review.objects.filter(kind="PR-06", trigger="breach").count() == 1


def tripped(desk: Browser, after: Minutes, mine: Gateway, release: Release) -> None:
    """The stream drifts to declines: the breaker stops it; two others resume it."""
    declines = told_of(release, "D", "propose_decline")[:200]
    with after(60):
        mine.decide_many(declines)
        assert services.trip(actor=system()) != []
        order = Order.objects.get(kind="stop", is_drill=False)
        assert mine.decide("D-after", "approve", declines[0].fields).answer == "stop"
        page = desk.window("chen")
        page.goto(f"{desk.base}/orders/{order.pk}/")
        assert "RI-09" in page.inner_text("main.mingce")
        desk.shot(page, "tripped")
    with after(70):
        for by in ("chen", "sun"):
            press(desk, by, "resume", order.pk, {"reason": "数据源异常已修复并完成测试。"})
        order.refresh_from_db()
        assert order.state == "lifted"
        fields = {"points": 640, "credit_amount": 1000.0, "unknown_value": False}
        assert mine.decide("D-resumed", "approve", fields).answer == "proceed"


def drilled(desk: Browser, after: Minutes, mine: Gateway, release: Release) -> None:
    """The duty officer drills a stop, the gateway acknowledges, the report is countersigned."""
    with after(120):
        order = suspensions.order(
            actor=person("luo"), kind="stop", target_type="release", target_id=release.pk,
            reason="季度演练", is_drill=True,
        )  # fmt: skip
        assert mine.decide("drill", "approve", {"points": 700}).answer == "stop"
    with after(122):
        consumer = person("gateway")
        suspensions.acknowledge(actor=consumer, order_id=order.pk, action="applied")
    with after(130):
        for by in ("chen", "sun"):
            suspensions.resume(actor=person(by), order_id=order.pk, reason="演练结束，恢复。")
        told = Drilled("紧急停用演练：评分卡", "罗运维、信贷网关、模型风险管理")
        report = suspensions.report_drill(actor=person("luo"), order_id=order.pk, told=told)
        suspensions.countersign_drill(actor=person("chen"), report_id=report.pk)
        assert report.rto_minutes == 2
        page = desk.window("luo")
        page.goto(f"{desk.base}/orders/{order.pk}/")
        desk.shot(page, "drill")


def proven(folder: Path) -> None:
    """An auditor proves one decision and the stop with nothing of ours but two files."""
    services.seal(actor=system())
    row = Recorded.objects.order_by("batch_id", "position")[51_234]
    name = f"{row.batch_id}-{row.position}"
    answer = caller("shen").get("/decisions/proofs/", {"decision": name})
    proof, export = folder / "proof.json", folder / "export.jsonl"
    proof.write_bytes(answer.content)
    ledger.export(export)
    done = subprocess.run(
        [sys.executable, "-I", str(DOCS / "verify_decision.py"), str(proof), str(export)],
        capture_output=True, text=True, encoding="utf-8", check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    told = export.read_text("utf-8").splitlines()
    assert sum('"order.stop"' in line for line in told) == 3  # two, and the drill in the pilot
    assert ledger.verify().faults == [] or all("anchor" in one for one in ledger.verify().faults)
