"""The whole way of one model: trained, logged to a real tracking server, registered here with the
unmodified client, refused, claimed, approved, promoted, permitted.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import LazySettings

from governance.mlflow_compat import services as experiments
from governance.mlflow_compat.models import Enrichment, RegisteredVersion
from governance.permits import services as permits
from registry.core.errors import Conflict
from registry.releases.models import Release
from tests import story
from tests.contracts.mlflow_protocol.conftest import SERVER
from tests.journeys.serving import served
from tests.rest.calling import secret_of
from tests.story import Story
from tests.world import person

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

    release = story.to_production(made)
    granted = client(CHAMPION)
    assert granted.returncode == 0, granted.stderr
    loaded = client(LOAD)
    assert loaded.stdout.count("[") == 3, loaded.stderr
    permitted(release, digest)


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
