"""A version is asked after at the tracking server: in nobody's way, again where it fails."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from governance.mlflow_compat import services
from governance.mlflow_compat.models import Enrichment
from registry.core import clock
from tests import story
from tests.governance.desk.test_what_is_shown import browser
from tests.governance.mlflow_compat.test_gate import NAME
from tests.registry.connectors.tracking import LOGGED, RUN, Tracking, tracking
from tests.world import person

pytestmark = pytest.mark.django_db
RUNS = "/api/2.0/mlflow/runs/get"


@pytest.fixture
def server(settings: Any) -> Iterator[Tracking]:
    with tracking() as found:
        settings.MLFLOW_TRACKING_URL = found.url
        yield found


def experiment(**told: Any) -> Any:
    services.register_model(actor=person("li"), name=NAME, tags={})
    more = {"source": f"models:/{LOGGED}", "run_id": RUN} | told
    return services.register_version(
        actor=person("li"), name=NAME, told=services.NewVersion(**more)
    )


def test_it_is_pending_until_the_server_has_told(server: Tracking) -> None:
    row = experiment()
    assert (Enrichment.objects.get().state, server.asked) == ("pending", [])
    assert services.enrich() == 1
    found = Enrichment.objects.get()
    assert (found.state, found.found["metrics"]["auc"]) == ("done", 0.83)
    html = browser("wang", "en").get(f"/experiments/{row.registered_id}/").content.decode()
    assert found.found["digest"] in html
    assert services.enrich() == 0


def test_the_claim_is_filled_from_the_run(server: Tracking) -> None:
    made, row = story.register(), experiment()
    services.enrich()
    services.claim_name(
        actor=person("wang"), registered_id=row.registered_id, model=made.registered.model
    )
    digest = Enrichment.objects.get().found["digest"]
    assert digest in browser("wang", "en").get(f"/do/claim-version/{row.pk}/").content.decode()
    told = services.claim_version(actor=person("wang"), version_id=row.pk, label="2", digest=digest)
    assert told.version is not None
    assert told.version.metrics == {"auc": 0.83, "f1": 0.7}
    assert told.version.manifest["parameters"] == {"C": "1.0"}


def test_without_a_server_or_a_run_nobody_is_asked(settings: Any) -> None:
    experiment()
    assert (Enrichment.objects.count(), services.enrich()) == (0, 0)
    settings.MLFLOW_TRACKING_URL = "http://127.0.0.1:9"
    told = services.NewVersion(source="s3://bucket/model")
    services.register_version(actor=person("li"), name=NAME, told=told)
    assert Enrichment.objects.count() == 0


@pytest.mark.parametrize("fault", [(500, b"x"), b"<html>"])
def test_a_server_that_fails_is_asked_again_until_it_has_failed_for_good(
    server: Tracking, fault: Any
) -> None:
    row = experiment()
    server.answers[RUNS] = fault
    attempts, moment = 0, clock.now()
    while Enrichment.objects.get().state == "pending":
        with clock.at(moment):
            attempts += services.enrich()
        moment += dt.timedelta(hours=13)
        assert attempts < 20
    found = Enrichment.objects.get()
    assert (found.state, found.attempts, attempts) == ("failed", 7, 7)
    assert found.note
    html = browser("wang", "en").get(f"/experiments/{row.registered_id}/").content.decode()
    assert "told nothing" in html


def test_a_server_that_comes_back_is_heard(server: Tracking) -> None:
    experiment()
    server.answers[RUNS] = (503, b"")
    assert services.enrich() == 1
    assert services.enrich() == 0  # not before its time
    del server.answers[RUNS]
    with clock.at(clock.now() + dt.timedelta(minutes=2)):
        assert services.enrich() == 1
    assert Enrichment.objects.get().state == "done"


def test_what_the_server_does_not_know_is_not_asked_again(server: Tracking) -> None:
    experiment()
    server.answers[RUNS] = (404, b"{}")
    services.enrich()
    assert Enrichment.objects.get().state == "failed"


def test_registration_does_not_wait_for_a_server_that_is_gone(settings: Any) -> None:
    settings.MLFLOW_TRACKING_URL = "http://127.0.0.1:9"
    assert experiment().number == 1
    services.enrich()
    found = Enrichment.objects.get()
    assert (found.state, found.attempts) == ("pending", 1)
    assert found.note


def test_another_models_files_are_not_shown_beside_a_source(server: Tracking) -> None:
    experiment(source="s3://evil/other", logged_model=LOGGED)
    services.enrich()
    found = Enrichment.objects.get()
    assert (found.state, found.found["digest"]) == ("done", "")
    assert not [path for path in server.asked if "logged-models" in path]


def test_one_that_kills_whoever_asks_is_given_up(server: Tracking) -> None:
    experiment()
    Enrichment.objects.update(attempts=7)
    services.enrich()
    assert Enrichment.objects.get().state == "failed"


# Expiry.


def later(days: int) -> Any:
    return clock.at(clock.now() + dt.timedelta(days=days))


def test_an_unused_experiment_expires_and_frees_its_name() -> None:
    experiment()
    with later(89):
        assert services.expire(actor=person("admin")) == 0
    with later(91):
        assert services.expire(actor=person("admin")) == 1
        assert services.expire(actor=person("admin")) == 0
        experiment()


def test_what_is_loaded_or_changed_does_not_expire() -> None:
    experiment()
    with later(60):
        services.load(actor=person("li"), name=NAME, number=1)
    with later(100):
        assert services.expire(actor=person("admin")) == 0
        services.set_model_tag(actor=person("li"), name=NAME, key="k", value="v")
    with later(180):
        assert services.expire(actor=person("admin")) == 0


def test_what_is_claimed_does_not_expire() -> None:
    made, row = story.register(), experiment()
    services.claim_name(
        actor=person("wang"), registered_id=row.registered_id, model=made.registered.model
    )
    with later(400):
        assert services.expire(actor=person("admin")) == 0
