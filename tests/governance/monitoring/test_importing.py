"""What Evidently, NannyML and MLflow write: real reports of theirs, and what they never wrote."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from governance.monitoring import services
from governance.monitoring.models import Observation
from governance.monitoring.services import Reported
from registry.core import clock
from registry.core.errors import Conflict, DomainError
from registry.releases.models import Release
from tests.contracts.stub import answering, says
from tests.refusals import refused
from tests.world import person

DOCUMENTS = Path(__file__).parent / "documents"


def document(name: str) -> Any:
    return json.loads((DOCUMENTS / name).read_text(encoding="utf-8"))


def bring_in(
    live: Release, written_by: str, content: Any, metrics: dict[str, str], **more: Any
) -> Reported:
    return services.bring_in(
        actor=person("pipeline"), release=live.code, written_by=written_by, document=content,
        metrics=metrics, **more,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "called", "values"),
    [
        ("0.7", "ValueDrift", {"income": 0.360281, "age": 0.048985, "score": 0.616185}),
        ("0.6", "DataDriftTable.drift_score", {"income": 0.317014, "score": 0.57606}),
    ],
)  # fmt: skip
def test_evidentlys_reports_fill_a_metric_by_column(
    live: Release, name: str, called: str, values: dict[str, float]
) -> None:
    found = bring_in(
        live,
        "evidently",
        document(f"evidently_{name}.json"),
        {called: "feature_psi"},
        at=clock.now(),
    )
    rows = Observation.objects.filter(metric__key="feature_psi")
    told = dict(rows.values_list("segment", "value"))
    assert told == pytest.approx(values, abs=1e-6)
    assert found.report is not None
    assert found.report.source == "evidently"
    assert {row.segment: row.level for row in found.breaches}["score"] == "act"


def test_nannymls_chunks_are_days_of_a_series(live: Release) -> None:
    with clock.at(dt.datetime(2026, 6, 2, tzinfo=dt.UTC)):
        found = bring_in(live, "nannyml", document("nannyml_performance.json"), {"roc_auc": "auc"})
        rows = Observation.objects.filter(metric__key="auc").order_by("at")
    written = [one for one in document("nannyml_performance.json")
               if one["chunk_period"] == "analysis"]  # fmt: skip
    assert [row.value for row in rows] == [one["roc_auc_value"] for one in written]
    assert rows[0].at == dt.datetime(2026, 4, 30, 23, 59, 59, 999_000, tzinfo=dt.UTC)
    assert found.taken == len(written)
    with clock.at(dt.datetime(2026, 6, 2, tzinfo=dt.UTC)):
        drift = bring_in(
            live, "nannyml", document("nannyml_drift.json"),
            {"income_jensen_shannon": "feature_psi"},
        )  # fmt: skip
    assert drift.taken == len(written)


@pytest.mark.parametrize(
    ("written_by", "content", "code", "more"),
    [
        ("deepchecks", {}, "unknown_format", {}),
        ("evidently", {"metrics": []}, "at_needed", {}),
        ("evidently", [], "no_report", {"at": True}),
        ("evidently", {"metrics": [{"metric_name": "Other(column=a)", "value": 1}]},
         "nothing_named", {"at": True}),
        ("evidently", {"metrics": [{"metric_name": "ValueDrift(column=a)", "value": "x"}]},
         "nothing_named", {"at": True}),
        ("nannyml", {"a": 1}, "no_report", {}),
        ("nannyml", [{"chunk_period": "analysis", "psi_value": 1.0}], "no_report", {}),
        ("nannyml", [{"chunk_period": "analysis", "chunk_end_date": "soon"}], "no_report", {}),
        ("nannyml", [{"chunk_end_date": "2026-01-01"}] * 1_001, "no_report", {}),
    ],
)  # fmt: skip
def test_what_they_never_wrote_is_refused(
    live: Release, written_by: str, content: Any, code: str, more: dict[str, Any]
) -> None:
    given = {"at": clock.now()} if more else {}
    with refused(DomainError, code):
        bring_in(live, written_by, content, {"ValueDrift": "psi", "psi": "psi"}, **given)


def run(live: Release) -> Reported:
    return services.bring_in_run(
        actor=person("pipeline"), release=live.code, run_id="a" * 32,
        metrics={"val_psi": "psi"}, at=clock.now(),
    )  # fmt: skip


def test_a_runs_metrics_are_read_from_the_tracking_server(live: Release, settings: Any) -> None:
    told = {"run": {"info": {}, "data": {"metrics": [
        {"key": "val_psi", "value": 0.31}, {"key": "loss", "value": 1.0},
    ]}}}  # fmt: skip
    with answering(says(told)) as server:
        settings.MLFLOW_TRACKING_URL = server.url
        found = run(live)
    assert [row.level for row in found.breaches] == ["act"]


def test_a_tracking_server_that_is_away_stores_nothing(live: Release, settings: Any) -> None:
    with refused(DomainError, "no_tracking_server"):
        run(live)
    settings.MLFLOW_TRACKING_URL = "http://127.0.0.1:9"
    with refused(Conflict, "tracking_server_away"):
        run(live)
