"""Two sources of the demo story, and what was found there: told as lists, without any network."""

from __future__ import annotations

import datetime as dt

from governance.desk.demo.institution import person
from governance.desk.demo.telling import Steps, Told
from registry.connectors.shapes import Found
from registry.core import clock
from registry.core.people.queries import root_entity
from registry.discovery import services
from registry.discovery.models import ScanReason, Sighting, Source
from registry.discovery.services import NewSource

ADDRESS = "http://127.0.0.1:5000"  # where MLflow listens by default; nobody asks it at night
MLFLOW, KUBEFLOW = "生产 MLflow（演示）", "试点 Kubeflow（演示）"
SCORECARD, ALERTS = "retail-scorecard", "aml-alerts"


def tell(told: Told) -> Steps:
    """A shadow model runs in production, another version than approved in a pilot."""
    yield told.at(8, "10:00")
    _open()
    yield told.at(7, "09:05")
    _look(told)
    yield told.at(6, "11:20")
    services.link(
        actor=person("mrm"), sighting_id=_named(ALERTS).pk, model=told.others["aml"].model,
        reason="反洗钱预警模型的试点服务",
    )  # fmt: skip
    yield told.at(5, "16:10")
    services.dismiss(
        actor=person("mrm"), sighting_id=_named("dev.chat-router").pk,
        reason="开发环境试验，未用于业务；九十天后复核。",
        until=clock.today() + dt.timedelta(days=90),
    )  # fmt: skip
    yield told.at(1, "09:10")
    _look(told)


def _open() -> None:
    institution = root_entity()
    assert institution is not None  # noqa: S101 (it was founded on the first day)
    for name, kind, environment in (
        (MLFLOW, "mlflow", "production"), (KUBEFLOW, "kubeflow", "pilot"),
    ):  # fmt: skip
        new = NewSource(name, kind, ADDRESS, institution, environment)
        services.open_source(actor=person("ops"), told=new)


def _look(told: Told) -> None:
    """What both systems would list."""
    version = told.others["scorecard"].release.version
    assert version is not None  # noqa: S101 (it is in production)
    now = clock.now()
    lists = {
        MLFLOW: [
            Found(SCORECARD, "1", version.digest, ("champion",), updated_at=now),
            Found("churn-uplift", "2", words=("champion",), updated_at=now,
                  url="/#/models/churn-uplift/versions/2",
                  raw={"source": "s3://models.mingce.example/churn/4", "user": "marketing-lab"}),
            Found("churn-uplift", "1", updated_at=now),
            Found("dev.chat-router", "1", words=("Staging",), updated_at=now),
        ],
        KUBEFLOW: [
            Found(ALERTS, "5.0.0-rc1", words=("LIVE", "DEPLOYED"), runs=True,
                  endpoint="pilot/aml-alerts", updated_at=now),
        ],
    }  # fmt: skip
    for name, found in lists.items():
        source = Source.objects.select_related("entity").get(name=name)
        services.take_in(source=source, found=found, reason=ScanReason.NIGHTLY)


def _named(name: str) -> Sighting:
    return Sighting.objects.get(name=name, kind="unknown")
