"""Sources and sightings over REST; webhooks that wake, and those that do not."""

from __future__ import annotations

from typing import Any

import pytest

from registry.core import clock
from registry.core.jobs.models import Job
from registry.discovery.models import KnownName, Scan, Sighting, Source
from registry.discovery.services.sources import opened as credentials_of
from tests import story
from tests.registry.connectors.test_reading import sent
from tests.registry.discovery.looking import HOST, look, opened, thing
from tests.rest.calling import Caller, caller, machine, problem
from tests.world import head_office

pytestmark = pytest.mark.django_db
BODY = b'{"entity":"model_version","action":"created"}'


def body(**more: Any) -> dict[str, Any]:
    return {
        "name": "生产 MLflow", "kind": "mlflow", "address": HOST, "token": "secret-token",
        "entity": str(head_office().pk), "environment": "production",
    } | more  # fmt: skip


def test_a_source_is_opened_and_its_secret_shown_once() -> None:
    admin = caller("admin")
    made = admin.post("/sources/", body())
    assert made.status_code == 201
    assert len(made.json()["secret"]) > 30
    assert made.json()["words"] == ["Production", "champion"]
    shown = admin.get(f"/sources/{made.json()['id']}/").json()
    assert {"secret", "sealed", "address", "token"} & shown.keys() == set()
    problem(admin.post("/sources/", body(name="x", address="https://evil.example")), 422,
            "host_not_allowed")  # fmt: skip
    path = f"/sources/{shown['id']}"
    assert admin.post(f"{path}/renewals/", {"address": HOST, "token": "t"}).status_code == 201
    assert admin.post(f"{path}/endings/").json()["is_open"] is False


def test_a_scan_is_asked_for_and_watched() -> None:
    source = opened()
    found = caller("chen").post(f"/sources/{source.pk}/scans/")
    assert (found.status_code, found.json()["state"]) == (202, "queued")
    assert Job.objects.get().arguments["source"] == str(source.pk)
    problem(caller("wang").post(f"/sources/{source.pk}/scans/"), 403, "not_permitted")
    problem(caller("hai").get(f"/sources/{source.pk}/"), 404)


def test_sightings_are_filtered_and_answered() -> None:
    source, made = opened(), story.register()
    look(source, thing("1"), thing("1", name="churn"))
    chen = caller("chen")
    rows = chen.get("/sightings/", {"kind": "unknown", "state": "open"}).json()["results"]
    assert {row["name"] for row in rows} == {"credit", "churn"}
    keys = {row["name"]: row["id"] for row in rows}
    problem(chen.post(f"/sightings/{keys['credit']}/acceptances/", {}), 422, "text_needed")
    model = str(made.registered.model.pk)
    done = chen.post(f"/sightings/{keys['credit']}/acceptances/", {"model": model})
    assert (done.status_code, done.json()["state"]) == (201, "accepted")
    assert KnownName.objects.get().name == "credit"
    told = {"reason": "培训用的示例模型"}
    done = chen.post(f"/sightings/{keys['churn']}/dismissals/", told)
    assert (done.status_code, done.json()["state"]) == (201, "dismissed")
    problem(machine().post(f"/sightings/{keys['churn']}/dismissals/", told), 403, "not_permitted")


def signed(source: Source, content: bytes = BODY, *, secret: str = "") -> Any:
    secret = secret or credentials_of(source)[1][1]
    stamp = str(int(clock.now().timestamp()))
    return Caller().send(
        "POST", f"/sources/{source.pk}/events/", content, **sent(secret, content, stamp)
    )


def test_a_signed_webhook_wakes_one_scan_and_is_not_believed() -> None:
    source = opened()
    for _call in range(2):
        assert signed(source).status_code == 202
    scan = Scan.objects.get()
    assert (scan.state, scan.reason, scan.source) == ("waiting", "webhook", source)
    assert Sighting.objects.count() == 0
    assert signed(source, b"no json at all").status_code == 202  # nobody reads it


def test_an_unsigned_webhook_wakes_nothing() -> None:
    source, other = opened(), opened(name="另一个")
    problem(signed(source, secret="guessed"), 401, "not_signed_in")
    problem(Caller().post(f"/sources/{source.pk}/events/"), 401, "not_signed_in")
    problem(signed(other, secret=credentials_of(source)[1][1]), 401, "not_signed_in")
    kubeflow = opened(name="K", kind="kubeflow")
    problem(signed(kubeflow, secret="x"), 401, "not_signed_in")
    assert Scan.objects.count() == 0


def test_a_person_who_may_scan_can_wake_it_too() -> None:
    source = opened()
    assert caller("chen").post(f"/sources/{source.pk}/events/").status_code == 202
    problem(caller("wang").post(f"/sources/{source.pk}/events/"), 403, "not_permitted")
    assert Scan.objects.count() == 1
