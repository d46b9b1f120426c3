"""`/metrics`: to whom it is told, that it is true, and that nothing that is down holds it up."""

from __future__ import annotations

import datetime as dt
import re
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.conf import settings as given
from django.db import OperationalError, connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from config import metrics as page
from config import sweeps
from config.exposition import Figure, exposition
from governance.clocks import services as clocks
from registry import tasks
from registry.core import clock
from registry.core.dispatch import services as dispatch
from registry.core.dispatch.models import Held
from registry.core.jobs import services as jobs
from registry.core.jobs.models import Job
from registry.core.ledger import queries as ledger_queries
from registry.core.ledger import services as ledger
from registry.core.notices import services as notices
from registry.core.notices.models import Channel, Delivery
from registry.core.notices.services import NewChannel
from registry.core.people import services as people
from registry.core.people.models import Department
from tests.faults.processes import broker
from tests.world import head_office, person

TOKEN = "0123456789abcdef"
NOON = dt.datetime(2026, 11, 23, 4, tzinfo=dt.UTC)
Figures = dict[str, float]


@pytest.fixture(autouse=True)
def empty_broker(settings: Any) -> Iterator[None]:
    settings.METRICS_TOKEN = TOKEN
    settings.PUBLIC_URL = "https://models.bank.example"
    ours = broker()
    ours.flushdb()
    yield
    ours.flushdb()


def asked(authorization: str | None = f"Bearer {TOKEN}") -> Any:  # Any: the client's response
    headers = {} if authorization is None else {"Authorization": authorization}
    return Client().get("/metrics", headers=headers)


def figures() -> Figures:
    """`name{label="value"}` → the number."""
    response = asked()
    assert response.status_code == 200
    lines = [one for one in response.content.decode().splitlines() if not one.startswith("#")]
    pairs = [one.rpartition(" ") for one in lines]
    assert len({name for name, _blank, _value in pairs}) == len(lines)
    return {name: float(value) for name, _blank, value in pairs}


# The format


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        (Figure.one("a", "What.", 0), "# HELP a What.\n# TYPE a gauge\na 0\n"),
        (Figure.one("a", "One\nline \\.", 1.5),
         "# HELP a One\\nline \\\\.\n# TYPE a gauge\na 1.5\n"),
        (Figure("a", "W", (({"x": 'q"\\\n'}, 2.0), ({"x": "1", "y": "中"}, 3)), "counter"),
         '# HELP a W\n# TYPE a counter\na{x="q\\"\\\\\\n"} 2\na{x="1",y="中"} 3\n'),
        (Figure("a", "Nothing is known.", ()), ""),
    ],
    ids=["plain", "help", "labels", "none"],
)  # fmt: skip
def test_a_figure_is_told_as_prometheus_reads_it(figure: Figure, text: str) -> None:
    assert exposition([figure]) == text


# To whom


@pytest.mark.django_db
@pytest.mark.parametrize(
    "authorization",
    [None, "", TOKEN, "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}",
     f"Basic {TOKEN}", f"bearer {TOKEN}", "Bearer é"],
)  # fmt: skip
def test_without_the_token_nothing_is_told(authorization: str | None) -> None:
    assert asked().status_code == 200
    with CaptureQueriesContext(connection) as found:
        response = asked(authorization)
    assert (response.status_code, response.content) == (401, b"401\n")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="metrics"'
    assert found.captured_queries == []


@pytest.mark.django_db
@pytest.mark.parametrize("authorization", [None, "Bearer ", f"Bearer {TOKEN}"])
def test_where_no_token_is_set_there_is_nothing(settings: Any, authorization: str | None) -> None:
    settings.METRICS_TOKEN = ""
    assert asked(authorization).status_code == 404


@pytest.mark.django_db
def test_it_is_read_only_and_kept_nowhere() -> None:
    response = asked()
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-store"
    assert not response.cookies
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert Client().post("/metrics", headers=headers).status_code == 405


@pytest.mark.django_db
def test_no_label_names_anybody_or_anything_governed() -> None:
    fill()
    tasks.sweep_jobs.apply()
    told = set(re.findall(r'="([^"]*)"', asked().content.decode()))
    known = {one["task"] for one in given.CELERY_BEAT_SCHEDULE.values()}
    known |= {"celery", "queued", "running", "done", "failed", "claimed", "waiting", "parked"}
    known |= {"mail", "wecom", "dingtalk", "feishu", "webhook", "todo", "succeeded"}
    assert told == known


# What is in the database


def fill() -> Channel:
    """A little of everything that is counted."""
    admin, now = person("admin"), clock.now()
    for parked_at in (None, None, now):
        Held.objects.create(
            reaction="x", subject_id=uuid.uuid4(), from_seq=1, next_try_at=now, parked_at=parked_at
        )
    for state in ("queued", "failed", "failed", "failed"):
        Job.objects.create(kind="k", requested_by=admin, requested_at=now, state=state)
    told = NewChannel(
        name="秘密频道", way="webhook", address="https://oapi.dingtalk.com/x", kinds=["review"],
        entity=head_office(),
    )  # fmt: skip
    channel = notices.open_channel(actor=admin, told=told)[0]
    for number, state in enumerate(("claimed", "failed", "failed", "sent")):
        Delivery.objects.create(
            channel=channel, action="tell", key=str(number), day=clock.today(), state=state,
            try_at=now, sent_at=now if state == "sent" else None,
        )  # fmt: skip
    Delivery.objects.create(user=admin, day=clock.today(), try_at=now)
    for hours in (0, 1, 72):
        clocks.start(
            actor=person("data"), kind="data_incident_formal",
            event_at=now - dt.timedelta(hours=hours),
            reason="客户数据外发，已初步核实。", entity=head_office(),
        )  # fmt: skip
    return channel


@pytest.mark.django_db
def test_the_figures_are_those_of_the_database() -> None:
    before = figures()
    fill()
    found = figures()
    added = {name: found[name] - before[name] for name in before if found[name] != before[name]}
    added = {name: more for name, more in added.items() if "dispatch_lag" not in name}
    head = added.pop("mingce_ledger_head_entries")
    assert head == ledger_queries.head()[0] - before["mingce_ledger_head_entries"] > 0
    assert added == {
        'mingce_dispatch_held_objects{state="waiting"}': 2,
        'mingce_dispatch_held_objects{state="parked"}': 1,
        'mingce_jobs{state="queued"}': 1,
        'mingce_jobs{state="failed"}': 3,
        'mingce_deliveries{way="webhook",state="claimed"}': 1,
        'mingce_deliveries{way="webhook",state="failed"}': 2,
        'mingce_deliveries{way="mail",state="claimed"}': 1,
        "mingce_legal_clocks_running": 3,
        "mingce_legal_clocks_overdue": 1,
    }


@pytest.mark.django_db
def test_notices_wait_for_the_mail_of_people_who_have_an_address() -> None:
    with ledger.act(person("admin")) as act:
        act.update(person("chen"), "person.enrolled", {"email": "chen@bank.example"})
    users = [person("chen").pk, person("sun").pk]
    for key in ("a", "b"):
        notices.tell(user_ids=users, kind="review.task", text_zh=key, text_en=key, once_key=key)
    assert figures()["mingce_notices_waiting_for_digest"] == 2
    notices.settle(once_key="a")
    assert figures()["mingce_notices_waiting_for_digest"] == 1


def renamed(code: str) -> None:
    with ledger.act(person("admin")) as act:
        row = Department.objects.get(code=code)
        act.update(row, "department.renamed", {"name_zh": f"{row.name_zh}新"})


@pytest.mark.django_db
def test_only_entries_that_something_reacts_to_are_a_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "_reactions", {})
    assert figures()["mingce_dispatch_lag_entries"] == 0
    dispatch.react("note_names", {"department.renamed"}, lambda _event: None)
    dispatch.react("note_never", {"department.never"}, lambda _event: None)
    with clock.at(NOON):
        renamed("RISK")
        people.set_preferences(actor=person("wang"), language="en", time_zone="")
        people.set_preferences(actor=person("wang"), language="", time_zone="")
    with clock.at(NOON + dt.timedelta(seconds=90)):
        found = figures()
        assert found["mingce_dispatch_lag_entries"] == 3
        assert found["mingce_dispatch_lag_seconds"] == pytest.approx(90, abs=1)
        dispatch.run()
        found = figures()
    assert found["mingce_dispatch_lag_entries"] == found["mingce_dispatch_lag_seconds"] == 0


@pytest.mark.django_db
def test_the_last_anchor_is_read_from_outside_the_database(settings: Any, tmp_path: Path) -> None:
    settings.ANCHOR_SINK_DIR = tmp_path
    assert figures()["mingce_ledger_anchored_entries"] == 0
    ledger.anchor()
    found = figures()
    assert found["mingce_ledger_anchored_entries"] == found["mingce_ledger_head_entries"] > 0
    with (tmp_path / "anchors.jsonl").open("a") as sink:
        sink.write("torn off in the mid\n")
    assert figures()["mingce_ledger_anchored_entries"] == 0


@pytest.mark.django_db
def test_it_costs_the_same_few_statements_however_much_there_is() -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as found:
            asked()
        return len(found.captured_queries)

    few = statements()
    fill()
    for number in range(20):
        Job.objects.create(kind=str(number), requested_by=person("wang"), requested_at=NOON)
    assert statements() == few + 1 <= 16  # one more: the deliveries of channels, now that one is


# What is in the broker


@pytest.mark.django_db
def test_messages_are_counted_until_a_worker_takes_them() -> None:
    assert figures()['mingce_queue_messages{queue="celery"}'] == 0
    for _time in range(3):
        current_app.send_task("registry.sweep_jobs", retry=False)
    assert figures()['mingce_queue_messages{queue="celery"}'] == 3


@pytest.mark.django_db
def test_a_sweep_is_marked_when_it_ends_well_or_badly(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = '{task="registry.sweep_jobs"}'
    runs = 'mingce_sweep_runs_total{task="registry.sweep_jobs",outcome="%s"}'
    found = figures()
    assert f"mingce_sweep_age_seconds{labels}" not in found
    assert found[f"mingce_sweep_interval_seconds{labels}"] == 30
    with clock.at(NOON):
        tasks.sweep_jobs.apply()
    with clock.at(NOON + dt.timedelta(seconds=42)):
        found = figures()
    assert found[f"mingce_sweep_age_seconds{labels}"] == 42
    assert 0 <= found[f"mingce_sweep_duration_seconds{labels}"] < 10
    assert (found[runs % "succeeded"], found[runs % "failed"]) == (1, 0)

    def broken() -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(jobs, "sweep", broken)
    with clock.at(NOON + dt.timedelta(minutes=5)):
        tasks.sweep_jobs.apply()
        found = figures()
    assert found[f"mingce_sweep_age_seconds{labels}"] == 0
    assert (found[runs % "succeeded"], found[runs % "failed"]) == (1, 1)


@pytest.mark.django_db
def test_other_work_is_not_marked_and_nothing_is_kept_of_it() -> None:
    tasks.run_job.apply(args=(str(uuid.uuid4()),))
    assert broker().keys() == []
    assert sweeps._begun == {}


def test_beat_wakes_every_sweep_by_seconds() -> None:
    assert set(sweeps.intervals()) == {one["task"] for one in given.CELERY_BEAT_SCHEDULE.values()}
    assert min(sweeps.intervals().values()) > 0


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://:p@redis:6379/0", "redis://:p@redis:6379/0"),
        ("rediss://redis/3", "rediss://redis/3"),
        ("redis+socket:///run/v.sock", "unix:///run/v.sock?db=0"),
        ("redis+socket://:p@/run/v.sock?virtual_host=2", "unix://:p@/run/v.sock?db=2"),
    ],
)
def test_the_brokers_address_is_understood(url: str, address: str) -> None:
    assert sweeps._address(url) == address


# What is down


@pytest.fixture
def silent() -> Iterator[int]:
    """A port where somebody listens and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


@pytest.fixture
def closed() -> int:
    """A port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def promptly(call: Callable[[], Any], seconds: float) -> Any:
    """The call's result, which came in time (with room for a busy machine)."""
    begun = time.monotonic()
    found = call()
    assert time.monotonic() - begun < 3 * seconds
    return found


@pytest.mark.django_db
@pytest.mark.parametrize("port", ["closed", "silent"])
def test_a_broker_that_is_down_is_told_soon(
    port: str, settings: Any, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{request.getfixturevalue(port)}/0"
    found = promptly(figures, 1)
    assert (found["mingce_broker_up"], found["mingce_database_up"]) == (0, 1)
    assert not any(name.startswith("mingce_queue") for name in found)
    assert found['mingce_sweep_interval_seconds{task="registry.sweep_jobs"}'] == 30
    assert promptly(tasks.sweep_jobs.apply, 1).state == "SUCCESS"
    (warning,) = [one for one in caplog.records if one.name == "config.sweeps"]
    assert warning.getMessage().startswith("the run of registry.sweep_jobs is not marked: ")


@pytest.mark.django_db
def test_a_database_that_takes_too_long_is_told_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow() -> tuple[int, str]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(30)")
        return 0, ""

    monkeypatch.setattr(page, "STATEMENT_LIMIT", "100ms")
    monkeypatch.setattr(ledger_queries, "head", slow)
    found = promptly(figures, 2)
    assert (found["mingce_broker_up"], found["mingce_database_up"]) == (1, 0)
    assert "mingce_jobs" not in {name.partition("{")[0] for name in found}


@pytest.mark.parametrize("port", ["closed", "silent"])
def test_a_database_that_is_down_is_told_soon(
    committed: str, port: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = connections["default"].settings_dict
    assert (told["OPTIONS"]["connect_timeout"], told["OPTIONS"]["tcp_user_timeout"]) == (5, 10_000)
    connections["default"].close()
    monkeypatch.setitem(told, "HOST", "127.0.0.1")
    monkeypatch.setitem(told, "PORT", str(request.getfixturevalue(port)))
    monkeypatch.setitem(told, "OPTIONS", told["OPTIONS"] | {"connect_timeout": 2})
    with pytest.raises(OperationalError):
        promptly(connections["default"].ensure_connection, 2)
    found = promptly(figures, 2)
    assert (found["mingce_broker_up"], found["mingce_database_up"]) == (1, 0)
