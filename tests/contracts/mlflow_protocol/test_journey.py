"""The whole way of one model: trained, logged to a real tracking server, registered here with the
unmodified client, refused, claimed, approved, promoted, permitted, deployed, watched, stopped.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import requests
from django.conf import LazySettings

from governance.approvals.models import Approval
from governance.findings.models import Finding
from governance.mlflow_compat import services as experiments
from governance.mlflow_compat.models import Enrichment, RegisteredVersion
from governance.monitoring.models import Metric
from governance.permits import services as permits
from governance.reviews.models import Review
from governance.suspensions import queries as suspensions
from registry.core import clock
from registry.core.dispatch import services as dispatch
from registry.core.errors import Conflict
from registry.releases.models import Release
from tests import story
from tests.browser.conftest import CHROMIUM, SWITCHES, Browser, serving, submit
from tests.contracts.mlflow_protocol.conftest import SERVER
from tests.journeys.serving import served
from tests.rest.calling import machine, secret_of
from tests.story import Story
from tests.world import PASSWORD, person

pytestmark = pytest.mark.skipif(
    not SERVER.exists(), reason="MLflow's server is not installed: `make conformance` installs it."
)
TRAIN = """
import mlflow
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression

features, labels = make_classification(n_samples=200, random_state=7)
with mlflow.start_run():
    model = LogisticRegression(C=0.5).fit(features, labels)
    mlflow.log_param("C", 0.5)
    mlflow.log_metric("accuracy", model.score(features, labels))
    mlflow.sklearn.log_model(
        model, name="model", registered_model_name="retail-score", input_example=features[:2]
    )
"""
LOAD = """
import mlflow, numpy
for where in ("/1", "@champion", "/latest"):
    model = mlflow.pyfunc.load_model("models:/retail-score" + where)
    print(model.predict(numpy.zeros((1, 20))))
"""
CHAMPION = """
from mlflow import MlflowClient
MlflowClient().set_registered_model_alias("retail-score", "champion", "1")
"""


@pytest.fixture
def client(
    mlflow_server: str, committed: str, settings: LazySettings
) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """Runs a script with the unmodified client: runs and files there, the registry here."""
    settings.MLFLOW_TRACKING_URL = mlflow_server
    with served() as base:

        def run(script: str, who: str = "li") -> subprocess.CompletedProcess[str]:
            environment = os.environ | {
                "MLFLOW_TRACKING_URI": mlflow_server,
                "MLFLOW_REGISTRY_URI": base.removesuffix("/api/v1"),
                "MLFLOW_TRACKING_TOKEN": secret_of(person(who)),
                "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
            }
            return subprocess.run(
                [str(SERVER), "-c", script], env=environment, capture_output=True, text=True,
                timeout=110, check=False,
            )  # fmt: skip

        run.base = base  # type: ignore[attr-defined]  # for those who speak to it themselves
        run.database = committed  # type: ignore[attr-defined]
        yield run


def test_a_model_comes_from_training_into_production(
    client: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    trained = client(TRAIN)
    assert trained.returncode == 0, trained.stderr
    refused = client(CHAMPION)
    assert refused.returncode != 0
    assert "PERMISSION_DENIED" in refused.stderr
    row = RegisteredVersion.objects.get()
    assert f"/experiments/{row.registered_id}/" in refused.stderr

    digest = enriched()
    made = registered(row, digest)
    refused = client(CHAMPION)
    assert f"/releases/{made.release.pk}/" in refused.stderr

    release = story.to_production(made, approving=partial(voted_for, client.database))  # type: ignore[attr-defined]  # the fixture's
    granted = client(CHAMPION)
    assert granted.returncode == 0, granted.stderr
    loaded = client(LOAD)
    assert loaded.stdout.count("[") == 3, loaded.stderr
    permitted(release, digest)
    drifted(release, client.base)  # type: ignore[attr-defined]  # the fixture's
    assert client(LOAD).returncode != 0  # what is stopped is not handed out


def voted_for(database: str, approval: Approval) -> None:
    """The members vote in a browser, each with their password; without a Chromium, by services."""
    if not CHROMIUM:
        story.approve(approval)
        return
    from playwright.sync_api import sync_playwright

    with serving(database) as address, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        desk = Browser(chromium, address, "zh")
        for username in ("sun", "qian", "lin", "gao", "sun", "qian", "he", "ma"):
            if state_of(approval) == "open":
                page = desk.window(username)
                page.goto(f"{address}/approvals/{approval.pk}/")
                page.check("[name=choice][value=approve]")
                page.fill("[name=password]", PASSWORD)
                submit(page)
        chromium.close()
        assert desk.faults == []
    assert state_of(approval) == "approved"


def state_of(approval: Approval) -> str:
    """As it is now."""
    return Approval.objects.values_list("state", flat=True).get(pk=approval.pk)


def drifted(release: Release, base: str) -> None:
    """It is deployed, reports values that drift beyond the limit, and is stopped by itself."""
    pipeline = machine().secret
    assert release.version is not None
    posted(base, pipeline, "/deployments/", {
        "release": str(release.pk), "environment": "production", "digest": release.version.digest,
    })  # fmt: skip
    bins = {"expected": [100, 200, 400, 200, 100], "actual": [98, 205, 395, 204, 98]}
    quiet = {"release": release.code, "metric": "psi", "inputs": bins}
    first = posted(base, pipeline, "/observations/", {
        "observations": [quiet | {"at": (clock.now() - dt.timedelta(days=1)).isoformat()}]
    })  # fmt: skip
    assert (first["taken"], first["breaches"]) == (1, [])
    metric = Metric.objects.get(release=release, key="psi")
    limits = {"bound": "ceiling", "warn_high": 0.1, "act_high": 0.25,
              "effects": ["finding", "stop"], "reason": "高风险用途，漂移即停用"}  # fmt: skip
    posted(base, secret_of(person("sun")), f"/metrics/{metric.pk}/limits/", limits)
    moved = quiet | {"inputs": bins | {"actual": [400, 300, 200, 80, 20]}}
    told = posted(base, pipeline, "/observations/", {
        "observations": [moved | {"at": clock.now().isoformat()}]
    })  # fmt: skip
    assert [one["level"] for one in told["breaches"]] == ["act"]
    dispatch.run()
    assert suspensions.is_stopped(release)
    assert Finding.objects.filter(release=release, title__startswith="RI-06").count() == 1
    assert Review.objects.filter(release=release, kind="PR-02", trigger="breach").count() == 1
    with pytest.raises(Conflict):
        permitted(release, release.version.digest)


def posted(base: str, token: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """What is answered to a POST; it succeeds."""
    headers = {"Authorization": f"Bearer {token}"}
    answer = requests.post(base + path, json=body, headers=headers, timeout=20)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def enriched() -> str:
    """The tracking server has told of the run, and the digest of the files."""
    assert experiments.enrich() == 1
    asked = Enrichment.objects.get()
    assert (asked.state, asked.found["parameters"]) == ("done", {"C": "0.5"})
    assert asked.found["metrics"]["accuracy"] > 0.5
    assert "sklearn" in asked.found["flavors"]
    return str(asked.found["digest"])


def registered(row: RegisteredVersion, digest: str) -> Story:
    """The model is in the inventory, and the experiment is claimed as its version."""
    made, wang = story.register(digest=digest), person("wang")
    experiments.claim_name(actor=wang, registered_id=row.registered_id, model=made.registered.model)
    claimed = experiments.claim_version(actor=wang, version_id=row.pk, label="1.0.0", digest=digest)
    assert claimed.version == made.version
    return made


def permitted(release: Release, digest: str) -> None:
    """The pipeline has a signed permit for exactly these bytes, and for no others."""
    pipeline = person("pipeline")
    told: dict[str, Any] = {"version_id": release.version_id, "environment": "production"}
    row = permits.issue(actor=pipeline, digest=digest, **told)
    statement = json.loads(base64.b64decode(row.envelope["payload"]))
    assert statement["subject"][0]["digest"] == {"sha256": digest}
    with pytest.raises(Conflict):
        permits.issue(actor=pipeline, digest="0" * 64, **told)
