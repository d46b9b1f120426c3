"""Scans: what they find and leave, by themselves and over HTTP; what failing ones do not do."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.suspensions.models import Order
from registry.catalogue import services as catalogue
from registry.catalogue.services import NewVersion
from registry.core import clock
from registry.core.dispatch import services as dispatch
from registry.core.errors import Conflict, DomainError, Forbidden
from registry.core.jobs import services as jobs
from registry.core.jobs.models import Job
from registry.core.ledger.models import Entry
from registry.core.notices.models import Notice
from registry.discovery import queries, services
from registry.discovery.models import Scan, Seen, Sighting, Source
from registry.discovery.services import scanning
from registry.releases import queries as release_queries
from registry.releases.models import Deployment, Environment, Release
from tests import conftest, states
from tests.refusals import footprint, refused
from tests.registry.connectors.playing import recording
from tests.registry.discovery.looking import HOST, look, opened, sightings, thing
from tests.world import head_office, person

pytestmark = pytest.mark.django_db
X = "f" * 64


@pytest.fixture
def live(in_production: str) -> Iterator[Release]:
    """The scorecard in production; the source's name `credit` is linked to it."""
    with conftest.inside(in_production), clock.at(states.LIVE):
        yield Release.objects.select_related("version", "model_use__model").get()


def linked(release: Release, **more: Any) -> Source:
    source = opened(**more)
    look(source, thing("1"))
    row = Sighting.objects.get()
    services.link(actor=person("chen"), sighting_id=row.pk, model=release.model_use.model)
    return source


def version_of(release: Release) -> tuple[str, str]:
    assert release.version is not None
    return release.version.label, release.version.digest


# Unknown


def test_a_name_of_nobody_is_found_once_and_model_risk_is_told_once() -> None:
    source = opened()
    first = look(source, thing("1"), thing("2"), thing("1", name="churn"))
    assert (first.state, first.seen, first.opened) == ("done", 3, 2)
    assert sightings() == [("unknown", "churn", "open"), ("unknown", "credit", "open")]
    again = look(source, thing("1"), thing("2"), thing("3"), thing("1", name="churn"))
    assert (again.opened, again.gone) == (0, 0)
    told = Notice.objects.filter(kind="sighting.unknown").values_list("user__username", flat=True)
    assert sorted(told) == ["chen", "sun"]
    kinds = Entry.objects.filter(kind__startswith="sighting.").values_list("kind", flat=True)
    assert list(kinds) == ["sighting.found", "sighting.found"]


def test_what_is_listed_no_more_is_gone_and_comes_back() -> None:
    source = opened()
    look(source, thing("1"))
    look(source)
    assert look(source).gone == 1
    assert sightings() == [("unknown", "credit", "gone")]
    assert look(source, thing("1")).opened == 1
    assert sightings() == [("unknown", "credit", "open")]


def test_a_look_at_what_has_changed_leaves_the_rest_alone() -> None:
    source = opened()
    look(source, thing("1"), thing("1", name="churn"))
    row = scanning._begin(source, "look", None)
    scanning._take(row, [thing("1", name="new")], lambda *_: None)
    assert sightings(state="open") == [
        ("unknown", "churn", "open"), ("unknown", "credit", "open"), ("unknown", "new", "open"),
    ]  # fmt: skip
    assert Seen.objects.filter(is_there=True).count() == 3


# Drift, other bytes, missing


def test_the_approved_bytes_are_no_difference(live: Release) -> None:
    source, (label, digest) = linked(live), version_of(live)
    scan = look(source, thing("1", digest, "champion"), thing("2"))
    assert (scan.matched, sightings(state="open")) == (2, [])
    scan = look(source, thing(label, "", "champion"))
    assert (scan.matched, sightings(state="open")) == (1, [])


def test_a_digest_of_ours_tells_whose_the_name_is(live: Release) -> None:
    scan = look(opened(), thing("1", version_of(live)[1], "champion"))
    assert (scan.matched, sightings()) == (1, [])


def test_other_bytes_in_production_restrict_the_release_once(live: Release) -> None:
    source, (label, digest) = linked(live), version_of(live)
    for _again in range(2):
        look(source, thing(label, X, "champion", endpoint="k8s://credit"))
        dispatch.run()
    order = Order.objects.get(kind="restrict")
    assert (order.kind, order.target_id, order.reason) == ("restrict", live.pk, f"BR-09: {X}")
    deployed = Deployment.objects.get(digest=X)
    assert (deployed.environment, deployed.endpoint) == ("production", "k8s://credit")
    assert sightings(state="open") == [("identity_mismatch", "credit", "open")]
    look(source, thing(label, digest, "champion", endpoint="k8s://credit"))
    dispatch.run()
    assert sightings(kind="identity_mismatch") == [("identity_mismatch", "credit", "gone")]
    running = release_queries.running_of(live, Environment.PRODUCTION)
    assert X not in {one.digest for one in running}
    assert Order.objects.get(kind="restrict").state == "in_force"  # people lift it


def test_another_version_is_drift_and_is_recorded_when_a_person_accepts(live: Release) -> None:
    source = linked(live, environment="pilot")
    look(source, thing("9", X, "champion"))
    row = Sighting.objects.get(kind="version_drift")
    assert (row.expected, row.release_id) == (version_of(live)[0], live.pk)
    services.accept(actor=person("chen"), sighting_id=row.pk, reason="确认试点运行该版本")
    deployed = Deployment.objects.get(digest=X)
    assert (deployed.environment, deployed.release_id) == ("pilot", live.pk)
    assert look(source, thing("9", X, "champion")).opened == 0  # answered stays answered
    assert look(source, thing("10", "e" * 64, "champion")).opened == 1


def test_what_runs_by_the_register_and_is_not_there_is_missing_until_its_end(
    live: Release,
) -> None:
    source = linked(live)
    look(source, thing(version_of(live)[0], version_of(live)[1], "champion"))
    look(source, thing("1"))
    row = Sighting.objects.get(kind="missing")
    assert (row.state, row.release_id, row.digest) == ("open", live.pk, version_of(live)[1])
    services.accept(actor=person("chen"), sighting_id=row.pk, reason="平台确认已经下线")
    assert release_queries.running_of(live, Environment.PRODUCTION) == []
    last = Entry.objects.filter(kind="deployment.ended").get()
    assert last.actor != person("chen").pk  # by the system, in the person's act
    look(source, thing("1"))
    assert sightings(kind="missing") == [("missing", "credit", "gone")]


def test_a_source_that_cannot_say_what_runs_misses_nothing(live: Release) -> None:
    source = linked(live, words=[])
    look(source, thing("1"))
    assert sightings(kind="missing") == []


def test_a_linked_name_that_is_gone_is_missing_and_accepted_away(live: Release) -> None:
    source = linked(live, words=[])
    for _again in range(2):  # nobody believes an empty list at once
        look(source)
    row = Sighting.objects.get(kind="missing")
    services.accept(actor=person("chen"), sighting_id=row.pk, reason="该名称已经删除")
    look(source)
    assert sightings(kind="missing") == [("missing", "credit", "gone")]


# Answers


def test_the_owner_and_model_risk_answer_and_nobody_else(live: Release) -> None:
    source = linked(live)
    look(source, thing("9", X, "champion"))
    row = Sighting.objects.get(kind="identity_mismatch")
    for username in ("other", "hai"):
        with refused(Forbidden, "not_yours"):
            services.dismiss(actor=person(username), sighting_id=row.pk, reason="不属于本行范围")
    with refused(Forbidden, "not_permitted"):
        services.dismiss(actor=person("pipeline"), sighting_id=row.pk, reason="不属于本行范围")
    with refused(DomainError, "text_needed"):
        services.dismiss(actor=person("chen"), sighting_id=row.pk, reason="无")
    done = services.dismiss(actor=person("chen"), sighting_id=row.pk, reason="压力测试环境的副本")
    assert (done.state, done.decided_by) == ("dismissed", person("chen"))
    with refused(Conflict, "answered_already"):
        services.accept(actor=person("sun"), sighting_id=row.pk, reason="确认属实无误")


def test_what_is_dismissed_comes_back_on_its_day_and_when_it_changes() -> None:
    source = opened()
    with clock.at(states.LIVE):
        look(source, thing("1"))
        row = Sighting.objects.get()
        day = clock.today() + dt.timedelta(days=30)
        services.dismiss(actor=person("chen"), sighting_id=row.pk, reason="仅供培训使用", until=day)
        assert look(source, thing("1")).opened == 0
        with refused(Conflict, "answered_already"):
            services.dismiss(actor=person("chen"), sighting_id=row.pk, reason="再次说明原因")
    with clock.at(states.LIVE + dt.timedelta(days=31)):
        assert look(source, thing("1")).opened == 1
        services.dismiss(actor=person("chen"), sighting_id=row.pk, reason="仍仅供培训使用")
        assert look(source, thing("1"), thing("2")).opened == 0
        assert look(source, thing("2", "", "Production")).opened == 1


def test_a_day_lies_ahead_and_within_a_year() -> None:
    source = opened()
    look(source, thing("1"))
    row = Sighting.objects.get()
    for days in (0, 400):
        with refused(DomainError, "bad_day"):
            services.dismiss(
                actor=person("chen"), sighting_id=row.pk, reason="仅供培训使用",
                until=clock.today() + dt.timedelta(days=days),
            )  # fmt: skip


def test_a_version_is_linked_to_one_of_ours(live: Release) -> None:
    source = linked(live)
    look(source, thing("17", "", "champion"))
    row, version = Sighting.objects.get(kind="version_drift"), live.version
    services.link(
        actor=person("chen"), sighting_id=row.pk, model=live.model_use.model, version=version
    )
    assert look(source, thing("17", "", "champion")).matched == 1
    with refused(Conflict, "answered_already"):
        services.link(actor=person("wang"), sighting_id=row.pk, model=live.model_use.model)


def test_a_link_makes_nothing_approved(live: Release) -> None:
    """Whoever says which version of ours runs there has not said that it may."""
    source, model = linked(live), live.model_use.model
    catalogue.register_version(
        actor=person("li"), model=model,
        version=NewVersion(label="9.0.0", identity_kind="artifact", digest=X),
    )  # fmt: skip
    version = model.versions.get(label="9.0.0")
    look(source, thing("17", "", "champion"))
    row = Sighting.objects.get(kind="version_drift")
    with refused(DomainError, "no_version"):
        services.link(actor=person("wang"), sighting_id=row.pk, model=model)
    services.link(actor=person("chen"), sighting_id=row.pk, model=model, version=version)
    assert look(source, thing("17", "", "champion")).opened == 1
    row.refresh_from_db()
    assert (row.state, row.digest) == ("open", X)
    services.accept(actor=person("wang"), sighting_id=row.pk, reason="确认生产运行该版本")
    dispatch.run()
    assert Order.objects.get(kind="restrict").reason == f"BR-09: {X}"


def test_other_bytes_are_not_a_version_of_ours(live: Release) -> None:
    source, (label, _digest) = linked(live), version_of(live)
    look(source, thing(label, X, "champion"))
    row = Sighting.objects.get(kind="identity_mismatch")
    with refused(DomainError, "other_bytes"):
        services.link(
            actor=person("chen"), sighting_id=row.pk, model=live.model_use.model,
            version=live.version,
        )  # fmt: skip


def test_the_owner_is_told_of_what_differs_about_the_model_once(live: Release) -> None:
    source, (label, _digest) = linked(live), version_of(live)
    for _again in range(2):
        look(source, thing(label, X, "champion"))
    told = Notice.objects.filter(kind="sighting.identity_mismatch")
    assert [one.user for one in told] == [person("wang")]


def test_an_unknown_name_is_not_accepted_without_a_model() -> None:
    look(opened(), thing("1"))
    with refused(DomainError, "no_model"):
        services.accept(
            actor=person("chen"), sighting_id=Sighting.objects.get().pk, reason="确认属实无误"
        )


# Over HTTP


@pytest.fixture
def server(settings: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """An MLflow that answers as it was recorded, or as the test says: {path: (status, body)}."""
    told: dict[str, Any] = {}
    recorded = recording("mlflow")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path in told:
                status, body = told[path]
            else:
                status, body = 200, json.dumps(recorded.get(f"GET {self.path}", {})).encode()
            told.setdefault("tokens", set()).add(self.headers.get("Authorization"))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            verb = self.headers["X-Amz-Target"].removeprefix("SageMaker.")
            key = f"{verb} {asked.get('NextToken', '')}".strip()
            body = json.dumps(recording("sagemaker").get(key, {})).encode()
            told.setdefault("tokens", set()).add(self.headers["Authorization"][:40])
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    found = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    address = f"http://127.0.0.1:{found.server_port}"
    settings.OUTBOUND_HOSTS = [address, "qyapi.weixin.qq.com"]
    try:
        yield address, told
    finally:
        found.shutdown()
        thread.join()
        found.server_close()


VERSIONS = "/api/2.0/mlflow/model-versions/search"


def test_a_source_is_read_over_http_with_its_token(server: tuple[str, dict[str, Any]]) -> None:
    source = opened(server[0])
    scan = services.scan(source=source, reason="nightly")
    assert (scan.state, scan.seen, scan.trouble) == ("done", 3, "")
    assert server[1]["tokens"] == {"Bearer secret-token"}
    assert sightings() == [
        ("unknown", "churn-uplift", "open"), ("unknown", "credit-scorecard", "open"),
    ]  # fmt: skip
    row = Sighting.objects.get(name="credit-scorecard")
    assert (row.version, row.environment) == ("3", "production")  # the champion stands for it
    assert scan.watermark is not None


def test_sagemaker_is_asked_with_signed_calls(server: tuple[str, dict[str, Any]]) -> None:
    more = {"kind": "sagemaker", "scope": "cn-north-1", "token": "AKID:secret:session"}
    scan = services.scan(source=opened(server[0], **more), reason="nightly")
    assert (scan.state, scan.seen) == ("done", 2)
    (token,) = server[1]["tokens"]
    assert token.startswith("AWS4-HMAC-SHA256 Credential=AKID/")
    assert Sighting.objects.get().environment == "production"


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        ((401, b"{}"), "not_let_in"),
        ((500, b"oops"), "failed"),
        ((200, b"<html>login</html>"), "no_json"),
    ],
)
def test_a_scan_that_fails_leaves_everything_as_it_was(
    server: tuple[str, dict[str, Any]], answer: tuple[int, bytes], trouble: str
) -> None:
    address, told = server
    source = opened(address)
    services.scan(source=source, reason="nightly")
    before = sightings(), Seen.objects.filter(is_there=True).count()
    told[VERSIONS] = answer
    failed = services.scan(source=source, reason="nightly")
    assert (failed.state, failed.trouble) == ("failed", trouble)
    assert (sightings(), Seen.objects.filter(is_there=True).count()) == before


def test_after_three_failures_whoever_manages_it_is_told_once(
    server: tuple[str, dict[str, Any]],
) -> None:
    address, told = server
    source = opened(address)
    told[VERSIONS] = (401, b"{}")
    for _night in range(5):
        services.scan(source=source, reason="nightly")
    rows = Notice.objects.filter(kind="sighting.source_unread")
    assert sorted(rows.values_list("user__username", flat=True)) == ["admin", "admin2", "luo"]
    assert queries.health(Source.objects.all())[0].failures == 5
    told.pop(VERSIONS)
    services.scan(source=source, reason="nightly")
    assert queries.health(Source.objects.all())[0].failures == 0


def test_the_job_tells_what_went_wrong(server: tuple[str, dict[str, Any]]) -> None:
    address, told = server
    source = opened(address)
    job = services.request_scan(actor=person("chen"), source=source)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.stage) == ("done", "compare")
    assert job.result is not None
    assert job.result["seen"] == 3
    assert Scan.objects.get().asked_by == person("chen")
    told[VERSIONS] = (401, b"{}")
    job = services.request_scan(actor=person("chen"), source=source)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, (job.result or {})["refused"]) == ("failed", "source_trouble")
    assert "HTTP 401" in job.error


def test_a_person_waits_for_one_scan_at_a_time() -> None:
    first, second = opened(), opened(name="另一个")
    job = services.request_scan(actor=person("chen"), source=first)
    assert services.request_scan(actor=person("chen"), source=first) == job
    with refused(Conflict, "scan_waits"):
        services.request_scan(actor=person("chen"), source=second)
    with refused(Forbidden, "not_permitted"):
        services.request_scan(actor=person("wang"), source=first)
    assert Job.objects.count() == 1


# When


def test_a_source_is_due_at_night_and_every_hour_and_when_it_calls(
    server: tuple[str, dict[str, Any]],
) -> None:
    night = dt.datetime(2026, 11, 23, 18, tzinfo=dt.UTC)  # two o'clock in Shanghai

    def due(**later: float) -> list[str]:
        with clock.at(night + dt.timedelta(**later)):
            return [reason for _source, reason in queries.due()]

    with clock.at(night):
        source = opened(server[0])
        assert due() == ["nightly"]
        assert services.scan_when_due(source_id=source.pk) is not None
        assert services.scan_when_due(source_id=source.pk) is None
    assert (due(minutes=59), due(minutes=60), due(hours=24)) == ([], ["look"], ["nightly"])
    with clock.at(night + dt.timedelta(minutes=1)):
        for _call in range(3):
            services.wake(source=source)
    assert Scan.objects.filter(state="waiting").count() == 1
    assert (due(minutes=4), due(minutes=5)) == ([], ["webhook"])
    with clock.at(night + dt.timedelta(minutes=5)):
        scan = services.scan_when_due(source_id=source.pk)
    assert scan is not None
    assert (scan.reason, scan.is_whole, scan.state) == ("webhook", True, "done")
    assert due(minutes=64) == []


def test_a_source_that_failed_waits_for_the_next_night(
    server: tuple[str, dict[str, Any]],
) -> None:
    night = dt.datetime(2026, 11, 23, 18, tzinfo=dt.UTC)
    server[1][VERSIONS] = (500, b"")
    with clock.at(night):
        source = opened(server[0])
        services.scan_when_due(source_id=source.pk)
    with clock.at(night + dt.timedelta(hours=20)):
        assert queries.due() == []
    with clock.at(night + dt.timedelta(hours=24)):
        assert queries.due() == [(source.pk, "nightly")]


# Sources


def test_the_fingerprint_tells_nothing_without_the_key(settings: Any) -> None:
    """A token that is guessed is not found by it: of a hub the token is all that is secret."""
    source = opened(name="hub", kind="huggingface", scope="bank-ai", token="letmein")
    told = f'{HOST}\n["letmein", ""]'.encode()
    assert source.fingerprint != hashlib.sha256(told).hexdigest()
    settings.VAULT_KEYS = ["another"]
    elsewhere = opened(name="hub 2", kind="huggingface", scope="bank-ai", token="letmein")
    assert elsewhere.fingerprint != source.fingerprint


def test_credentials_lie_sealed_and_only_allowed_hosts_are_read() -> None:
    source = opened()
    row = Source.objects.values().get()
    assert "secret-token" not in str(row)
    body = Entry.objects.get(kind="source.opened").body
    assert "secret-token" not in body
    assert "sealed" not in json.loads(body)["state"]
    with refused(DomainError, "host_not_allowed"):
        opened("https://10.0.0.1/mlflow", name="别处")
    with refused(Conflict, "name_taken"):
        opened()
    with refused(Forbidden, "not_permitted"):
        services.open_source(
            actor=person("chen"),
            told=services.NewSource("x", "mlflow", HOST, head_office(), "production"),
        )
    renewed = services.renew_source(
        actor=person("luo"), source_id=source.pk, address=f"{HOST}/m", token="t"
    )
    assert renewed.fingerprint != row["fingerprint"]
    services.close_source(actor=person("admin"), source_id=source.pk)
    assert queries.due() == []
    with refused(Conflict, "closed_already"):
        services.close_source(actor=person("admin"), source_id=source.pk)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"kind": "ftp"}, "unknown_kind"),
        ({"environment": "moon"}, "unknown_environment"),
        ({"kind": "huggingface"}, "no_scope"),
        ({"kind": "sagemaker"}, "no_scope"),
        ({"kind": "sagemaker", "scope": "cn-north-1"}, "no_credential"),
    ],
)
def test_a_source_says_what_it_needs(changed: dict[str, str], code: str) -> None:
    with refused(DomainError, code):
        opened(**changed)


def test_a_scan_costs_the_same_few_statements_for_many_things_as_for_few() -> None:
    def cost(count: int) -> int:
        source = opened(name=f"{count}")
        things = [thing("1", name=f"n{index:05}", updated_at=clock.now()) for index in range(count)]
        look(source, *things)
        with CaptureQueriesContext(connection) as found:
            look(source, *things)
        return len(found)

    assert cost(90) == cost(20)


def test_nobody_sees_more_than_they_may(live: Release) -> None:
    source = linked(live)
    look(source, thing("9", X, "champion"), thing("1", name="other"))
    seen = {one: queries.visible_to(person(one)).count() for one in ("chen", "wang", "hai")}
    assert seen == {"chen": 3, "wang": 3, "hai": 0}
    before = footprint()
    assert queries.counted(queries.visible_to(person("chen")))["unknown"] == 1
    assert footprint() == before
