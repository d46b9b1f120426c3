"""Events as OpenLineage's own client makes them."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from openlineage.client import event_v2 as ol
from openlineage.client.facet_v2 import dataset_type_dataset, dataset_version_dataset, tags_run
from openlineage.client.generated.base import DatasetFacet, JobFacet
from openlineage.client.generated.job_type_job import JobTypeJobFacet
from openlineage.client.serde import Serde

RUN = "0190a3b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b"
AT = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


def event(
    kind: str = "COMPLETE",
    *,
    name: str = "",
    version: str = "",
    mlflow_run: str = "",
    run: str = RUN,
    training: bool = True,
) -> dict[str, Any]:  # Any: JSON
    """A run that read two tables; name and version: of the model that it made."""
    tags = [tags_run.TagsRunFacetFields("mlflow.run_id", mlflow_run)] if mlflow_run else []
    kinds: dict[str, JobFacet] = {}
    if training:
        kinds["jobType"] = JobTypeJobFacet("BATCH", "MLFLOW", "TRAINING")
    made: dict[str, DatasetFacet] = {
        "datasetType": dataset_type_dataset.DatasetTypeDatasetFacet("MODEL", "sklearn"),
        "version": dataset_version_dataset.DatasetVersionDatasetFacet(version),
    }
    told = ol.RunEvent(
        eventTime=AT.isoformat(),
        producer="https://pipelines.bank.example/train",
        eventType=getattr(ol.RunState, kind),
        run=ol.Run(run, {"tags": tags_run.TagsRunFacet(tags)} if tags else {}),
        job=ol.Job("airflow", "train_scorecard", kinds),
        inputs=[
            ol.InputDataset(
                "postgres://dwh", "loans.applications",
                facets={"version": dataset_version_dataset.DatasetVersionDatasetFacet("42")},
            ),
            ol.InputDataset("s3://lake", "bureau"),
        ],
        outputs=[ol.OutputDataset("mingce://bank", name, facets=made)] if name else [],
    )  # fmt: skip
    found: dict[str, Any] = json.loads(Serde.to_json(told))
    return found
