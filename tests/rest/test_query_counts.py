"""How many statements each address costs: the same for one row as for many, and written down.

The figures stand in tests/query_counts.json. A new address needs a new figure; a changed one is a
decision: MINGCE_WRITE_QUERY_COUNTS=1 writes the file anew.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext, override_settings

from governance.approvals.models import Approval, Condition
from governance.checkpoints.services.opening import Opening, open_cases
from governance.clocks import services as clocks
from governance.committees import services as committees
from governance.findings import services as findings
from governance.lifecycle import services as lifecycle
from governance.mlflow_compat import services as experiments
from governance.monitoring import services as monitoring
from governance.monitoring.models import Metric
from governance.monitoring.services import Told
from governance.permits import services as permits
from governance.permits.services import Reported
from governance.reviews import services as reviews
from governance.reviews.services import Explained
from governance.suspensions import services as suspensions
from governance.suspensions.services import Drilled, NewConsumer
from registry.catalogue import services as catalogue
from registry.core import clock
from registry.core.calendars import services as calendars
from registry.core.jobs.models import Job
from registry.core.notices import services as notices
from registry.core.people import services as people
from registry.core.people.models import Department
from registry.core.people.queries import system
from registry.core.people.rules import Capability
from registry.core.people.services import NewPerson
from registry.lineage import services as lineage
from registry.releases import services as releases
from registry.systems import services as systems
from tests import story
from tests.governance.checkpoints import world as oversight
from tests.registry.discovery import looking
from tests.registry.lineage.events import event
from tests.rest.actions import actions
from tests.rest.calling import Caller, caller, secret_of
from tests.story import Story
from tests.world import PASSWORD, head_office, person

pytestmark = pytest.mark.django_db
BASELINE = Path(__file__).parent.parent / "query_counts.json"
WRITING = bool(os.environ.get("MINGCE_WRITE_QUERY_COUNTS"))
MOST_FOR_READING = 6
MANY = 60
ADMINISTRATORS = {Capability.MANAGE_PEOPLE, Capability.MANAGE_CHANNELS}
_NOT_WORK = ("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT", "BEGIN", "COMMIT")


@pytest.fixture(scope="module")
def counts() -> Iterator[dict[str, int]]:
    """The figures of the file."""
    known: dict[str, int] = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    yield known
    if WRITING:
        BASELINE.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n")


def statements(call: Callable[[], Any], status: int = 200) -> int:
    """How many statements the call runs, without the marks of transactions."""
    with CaptureQueriesContext(connection) as found:
        response = call()
    assert response.status_code == status, response.content
    return sum(not query["sql"].startswith(_NOT_WORK) for query in found.captured_queries)


def compare(counts: dict[str, int], measured: dict[str, int]) -> None:
    """The figures are those of the file (or are written to it)."""
    if WRITING:
        counts.update(measured)
    assert measured == {label: counts.get(label) for label in measured}


def lists() -> list[str]:
    """The addresses of all lists that an auditor reads."""
    return [
        action.path
        for action in actions()
        if action.name == "list" and action.capability not in ADMINISTRATORS
    ]


def measured_lists(who: Caller) -> dict[str, int]:
    """What a page of each list costs."""
    return {path: statements(partial(who.get, path)) for path in lists()}


@pytest.fixture
def everything() -> Caller:
    """Somebody who may read every list, and has a little of everything in them."""
    made = story.register()
    approval = story.to_approval(made)
    conditions = tuple({"text": f"条件 {index}"} for index in range(2))
    story.vote(
        approval, "sun", "approve_with_conditions", reason="附条件同意", conditions=conditions
    )
    _finish(approval)
    _review(made)
    _oversee(made)
    _experiment()
    _break_glass(made)
    _watch(made)
    _fill(made, "a")
    who = caller("shen")
    for path in lists():  # what is read once per process has been read
        who.get(path)
    return who


def _review(made: Story) -> None:
    """The institution's reviews wait, and one of the release has its explanation."""
    calendars.arrange(
        actor=person("sun"), country="CN", year=2027, source="国办发明电", days_off=[],
        worked_days=[],
    )  # fmt: skip
    reviews.plan_institution(actor=system())
    lifecycle.promote(actor=person("wang"), release_id=made.release.pk, to="S4")
    row = reviews.call_for(
        actor=person("chen"), release_id=made.release.pk, kind="PR-03", trigger="complaint",
        reason="客户投诉解释难以理解。",
    )  # fmt: skip
    clocks.start(
        actor=person("data"), kind="data_incident_first", event_at=clock.now(),
        reason="客户数据外发。", release=made.release,
    )  # fmt: skip
    reviews.open_campaign(
        actor=person("chen"), entity=head_office(), title="台账确认",
        due_on=clock.today() + dt.timedelta(days=20),
    )  # fmt: skip
    reviews.call_missing_rows(actor=system())
    words = "已按方案完成,详见附件。"
    found = Explained("shap", "E1", words, words, words, words, words)
    reviews.explain(actor=person("chen"), review_id=row.pk, told=found)
    _drill(made)


def _experiment() -> None:
    """A name in the experiments pool, with a version."""
    experiments.register_model(actor=person("li"), name="credit", tags={})
    told = experiments.NewVersion(source="s3://bucket/model")
    experiments.register_version(actor=person("li"), name="credit", told=told)


def _discover(mark: str) -> None:
    """A source that was looked at, and what was found there."""
    looking.look(looking.opened(name=f"来源 {mark}"), looking.thing("1", name=f"shadow {mark}"))


def _drill(made: Story) -> None:
    """A drill of a stop, acknowledged by a gateway, lifted and reported."""
    suspensions.open_consumer(
        actor=person("admin"), told=NewConsumer("网关", person("pipeline"), head_office())
    )
    row = suspensions.order(
        actor=person("luo"), kind="stop", target_type="release", target_id=made.release.pk,
        reason="年度演练", is_drill=True,
    )  # fmt: skip
    suspensions.acknowledge(actor=person("pipeline"), order_id=row.pk, action="applied")
    for username in ("chen", "gao"):
        suspensions.resume(actor=person(username), order_id=row.pk, reason="演练结束,已复核。")
    told = Drilled("供应商接口中断", "运维与模型风险")
    suspensions.report_drill(actor=person("luo"), order_id=row.pk, told=told)


def _oversee(made: Story) -> None:
    """A gateway, trained reviewers, a plan in force, two cases.

    Taking decisions in would keep orders out until this transaction ends, which is the test's.
    """
    oversight.staffed()
    plan = oversight.planned(made.release)
    found = [
        Opening(
            place, made.release, plan.pk, plan.told.checkpoints[0], (), f"APP-{place}", "", "held"
        )  # fmt: skip
        for place in (0, 1)
    ]
    open_cases(person("gateway"), found, 1, clock.now())


def _break_glass(made: Story) -> None:
    """A break-glass permit that was given and used."""
    asked = permits.ask_break_glass(
        actor=person("chen"), use_id=made.release.model_use_id, environment="production", days=1,
        reason="登记系统停机时修复故障",
    )  # fmt: skip
    gao = person("gao")
    proof = people.step_up(user=gao, password=PASSWORD, subjects=[asked.subject])
    given = permits.give_break_glass(actor=gao, request_id=asked.pk, step_up_id=proof.pk)
    assert given.permit is not None
    told = Reported("c" * 64, clock.now(), "罗运维", "评分服务崩溃，紧急回退", "INC-1")
    permits.report_use(actor=person("luo"), permit_id=given.permit.pk, told=told)


def _watch(made: Story) -> None:
    """A metric that Prometheus would fill."""
    _report(made, "")
    with override_settings(PROMETHEUS_URL="http://127.0.0.1:9"):
        monitoring.open_query(
            actor=person("sun"), metric_id=Metric.objects.get().pk, query="up", every_minutes=9
        )


def _report(made: Story, segment: str) -> None:
    """A breach of its limits."""
    told = Told(made.release.code, "psi", clock.now(), segment, 0.3)
    monitoring.report(actor=person("pipeline"), told=[told])


def _finish(approval: Approval) -> None:
    for username in ("qian", "lin"):
        story.vote(approval, username)
    for username in ("gao", "sun", "qian", "he", "ma"):
        approval.refresh_from_db()
        if approval.state == "open":
            story.vote(approval, username)


def _fill(made: Story, mark: str) -> None:
    """One more row in each list that takes one quickly."""
    release, shen = made.release, person("shen")
    release.refresh_from_db()
    _fill_registry(made, mark)
    _discover(mark)
    severity = {"severity": "low", "title": "发现"}
    findings.raise_finding(actor=person("chen"), release_id=release.pk, **severity)
    suspensions.order(
        actor=person("chen"), kind="restrict", target_type="release", target_id=release.pk,
        reason="测试用的限制", limits="限额",
    )  # fmt: skip
    permits.ask_break_glass(
        actor=person("chen"), use_id=release.model_use_id, environment="test", days=1,
        reason="登记系统停机时修复故障",
    )  # fmt: skip
    if made.release.stage == "S4":
        _report(made, mark)
    permits.issue(
        actor=person("pipeline"), version_id=made.version.pk, digest=made.version.digest,
        environment="test",
    )  # fmt: skip
    committees.resolve(
        actor=person("mi"), body_code="mrc", subject_id=release.pk, outcome="approved",
        text_zh="同意", text_en="Approved",
    )  # fmt: skip
    committees.establish(
        actor=person("mi"), code=f"c_{mark}", name_zh="委员会", name_en="", entity=head_office()
    )
    Job.objects.create(kind="ledger.verify", requested_by=shen, requested_at=clock.now())
    notices.tell(
        user_ids=[shen.pk], kind="test.notice", text_zh="通知", text_en="Notice", once_key=mark
    )
    secret_of(shen)


def _fill_registry(made: Story, mark: str) -> None:
    admin = person("admin")
    people.enrol(actor=admin, person=NewPerson(f"p_{mark}", "某人", PASSWORD))
    people.delegate(
        actor=person("sun"), to=person("chen"), reason="出差", body_code=f"b_{mark}",
        valid_from=clock.today(), valid_to=clock.today() + dt.timedelta(days=7),
    )  # fmt: skip
    people.open_department(
        actor=admin, code=f"D{mark}", name_zh="部门", name_en="", entity=head_office()
    )
    people.open_entity(
        actor=admin, code=f"E{mark.upper()}", name_zh="支行", name_en="", parent=head_office()
    )
    post = people.create_post(
        actor=admin, code=f"P{mark}", title_zh="岗位", title_en="",
        department=Department.objects.order_by("pk")[0],
    )  # fmt: skip
    people.hold_post(actor=admin, post=post, user=person("sun"), valid_from=clock.today())
    code = made.registered.model.code
    trained = event(
        name=f"models/{code}", version="1.0.0", run=str(uuid.uuid5(uuid.NAMESPACE_DNS, mark))
    )
    lineage.take_in(actor=person("pipeline"), event=trained)
    systems.register(
        actor=person("wang"), code=f"s_{mark}", name_zh="系统", name_en="", entity=head_office()
    )
    story.hand_in(made.release, "model_card")
    releases.record_deployment(
        actor=person("luo"), release=made.release, environment="test", digest=made.version.digest
    )
    other = story.register(name=f"模型 {mark}")
    catalogue.initiate(
        actor=person("wang"), model=other.registered.model, user=person("sun"), reason="需要知悉"
    )
    reason = "因为这是必要的,理由充分。"
    lifecycle.ask_exemption(
        actor=person("wang"), release_id=other.release.pk, requirement="pilot_length",
        kind="alternative", reason=reason,
    )  # fmt: skip
    findings.ask_waiver(
        actor=person("wang"), release_id=other.release.pk, requirement="pilot_length",
        reason=reason, compensating_measures="对全部案件进行人工复核并留痕。",
        expires_on=clock.today() + dt.timedelta(days=30),
    )  # fmt: skip


def test_a_page_costs_the_same_for_one_row_as_for_many(
    everything: Caller, counts: dict[str, int]
) -> None:
    few = measured_lists(everything)
    made = story.register(name="又一个")
    for index in range(MANY):
        _fill(made, str(index))
    full = [path for path in lists() if len(everything.get(path).json()["results"]) >= 50]
    assert len(full) >= 20, sorted(set(lists()) - set(full))
    assert measured_lists(everything) == few
    compare(counts, {f"GET {path}": number for path, number in few.items()})
    assert max(few.values()) <= MOST_FOR_READING


def test_a_page_costs_the_same_however_it_is_asked_for(everything: Caller) -> None:
    plain = statements(lambda: everything.get("/models/"))
    filters = {"tier": "II", "entity": head_office().pk, "ordering": "name_zh", "search": "评分"}
    assert statements(lambda: everything.get("/models/", filters)) == plain
    assert statements(lambda: everything.get("/models/", {"count": "true"})) == plain + 1
    branch = caller("hai")
    assert statements(lambda: branch.get("/models/")) == plain


def test_a_row_by_itself_costs_few_statements(everything: Caller, counts: dict[str, int]) -> None:
    measured = {}
    for action in actions():
        if action.name != "retrieve" or action.capability in ADMINISTRATORS:
            continue
        if "{id}" not in action.path:
            continue
        key = everything.get(action.path.removesuffix("{id}/")).json()["results"][0]["id"]
        path = action.path.replace("{id}", key)
        measured[action.label] = statements(partial(everything.get, path))
    compare(counts, measured)
    assert max(measured.values()) <= MOST_FOR_READING


def test_other_reading_costs_few_statements(everything: Caller, counts: dict[str, int]) -> None:
    approved = Approval.objects.get()
    gate = f"/releases/{approved.release_id}/gates/"
    administrator = caller("admin")
    everything.get("/permits/revocations/")
    everything.get("/stop-list/")  # makes and signs it, once for this version
    measured = {
        "GET /me/": statements(lambda: everything.get("/me/")),
        "GET /questionnaire/": statements(lambda: everything.get("/questionnaire/")),
        "GET /registrations/near-duplicates/": statements(
            lambda: everything.get("/registrations/near-duplicates/", {"name_zh": "零售评分卡"})
        ),
        "GET /releases/{id}/gates/": statements(lambda: everything.get(gate, {"to": "S5"})),
        "GET /parked-objects/": statements(lambda: administrator.get("/parked-objects/")),
        "GET /channels/": statements(lambda: administrator.get("/channels/")),
        "GET /stop-list/": statements(lambda: everything.get("/stop-list/")),
        "GET /permits/keys/": statements(lambda: everything.get("/permits/keys/")),
        "GET /permits/revocations/": statements(lambda: everything.get("/permits/revocations/")),
        "GET /stop-list/key/": statements(lambda: everything.get("/stop-list/key/")),
    }
    assert Condition.objects.count() == 2
    compare(counts, measured)


def test_writing_costs_what_it_is_known_to_cost(counts: dict[str, int]) -> None:
    made = story.register()
    wang, li = caller("wang"), caller("li")
    wang.get("/me/")
    model = str(made.registered.model.pk)
    measured = {
        "POST /registrations/": statements(lambda: wang.post("/registrations/", _new()), 201),
        "POST /versions/": statements(
            lambda: li.post("/versions/", _versions(1)[0] | {"model": model}), 201
        ),
        "POST /versions/bulk/ of 10": statements(
            lambda: li.post("/versions/bulk/", {"model": model, "versions": _versions(10, "t")}),
            201,
        ),
        "POST /versions/bulk/ of 100": statements(
            lambda: li.post("/versions/bulk/", {"model": model, "versions": _versions(100, "h")}),
            201,
        ),
        "POST /permits/ of test": statements(
            lambda: li.post(
                "/permits/",
                {
                    "version": str(made.version.pk),
                    "digest": made.version.digest,
                    "environment": "test",
                },
            ),
            201,
        ),
        "POST /systems/": statements(
            lambda: wang.post(
                "/systems/", {"code": "x", "name_zh": "系统", "entity": str(head_office().pk)}
            ),
            201,
        ),
    }
    compare(counts, measured)
    assert measured["POST /versions/bulk/ of 100"] == measured["POST /versions/bulk/ of 10"] <= 25


def test_every_figure_belongs_to_an_address(counts: dict[str, int]) -> None:
    labels = {action.label for action in actions()}
    assert {label.split(" of ")[0] for label in counts} - labels == set()


def _versions(count: int, mark: str = "v") -> list[dict[str, str]]:
    return [
        {
            "label": f"{mark}{index}",
            "identity_kind": "artifact",
            "digest": hashlib.sha256(f"{mark}{index}".encode()).hexdigest(),
        }
        for index in range(count)
    ]


def _new() -> dict[str, Any]:
    owner, entity = str(person("wang").pk), str(head_office().pk)
    return {
        "model": {"name_zh": "反欺诈模型", "entity": entity, "owner": owner},
        "use_case": {
            "name_zh": "交易反欺诈", "purpose": "识别可疑交易", "entity": entity, "owner": owner,
        },
        "using_entity": entity,
        **{name: story.E01[name] for name in ("classification", "factors", "facts", "reasons")},
    }  # fmt: skip
