"""Reading OpenLineage events: what of a run says how a model was trained. Pure."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from dataclasses import dataclass
from typing import Any, NoReturn

from registry.core.errors import DomainError

Json = dict[str, Any]  # Any: JSON
KEPT = ("START", "COMPLETE", "ABORT", "FAIL", "OTHER")  # RUNNING says only: still there
MOST_DATASETS = 200
MOST_LETTERS = 500
AHEAD = dt.timedelta(minutes=5)  # clocks differ
BACK = dt.timedelta(days=3_650)
_MODEL = re.compile(r"^(?:models:?/)?(?P<name>[^/]+)(?:/(?:versions/)?(?P<version>[^/]+))?$")
_SHA256 = re.compile(r"^(?:sha256:)?([0-9a-f]{64})$")
# What looks like somebody: an e-mail address, a mobile number or an identity card of the mainland.
_PERSONAL = {
    "email": re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+\.[\w.]+"),  # begun once for each word
    "mobile": re.compile(r"(?<!\w)1[3-9]\d{9}(?!\w)"),
    "identity card": re.compile(r"(?<!\w)[1-9]\d{16}[\dXx](?!\w)"),
}


@dataclass(frozen=True)
class DatasetRead:
    """A data set that a run read."""

    namespace: str
    name: str
    version: str = ""


@dataclass(frozen=True)
class Told:
    """What an event says of a training run.

    run_id, event_type, event_at: together they name the event. model_*: of its first output that is
    a model; mlflow_run: the run at MLflow's tracking server, where it says so.
    """

    run_id: uuid.UUID
    event_type: str
    event_at: dt.datetime
    producer: str
    job_namespace: str
    job_name: str
    inputs: tuple[DatasetRead, ...]
    model_name: str = ""
    model_version: str = ""
    model_digest: str = ""
    mlflow_run: str = ""
    is_training: bool = False

    @property
    def is_about_a_model(self) -> bool:
        """Whether it is kept: of anything else a register of models knows nothing."""
        return bool(self.is_training or self.model_name or self.model_digest or self.mlflow_run)


def is_run_event(event: Json) -> bool:
    """Whether it is about a run: events about jobs and data sets alone have none."""
    return "run" in event or "eventType" in event


def read(event: Json, now: dt.datetime) -> Told:
    """What the event says. Raises DomainError (`lineage_unreadable`) that names the place."""
    run, job = _object(event, "run"), _object(event, "job")
    facets = _inner(run, "facets", "run.facets")
    outputs = _datasets(event, "outputs")
    model = next((one for one in outputs if _is_model(one)), None)
    name, version, digest = _model(model) if model is not None else ("", "", "")
    return Told(
        run_id=_uuid(_text(run, "runId", "run.runId")),
        event_type=_type(_text(event, "eventType", "eventType").upper()),
        event_at=_moment(_text(event, "eventTime", "eventTime"), now),
        producer=_text(event, "producer", "producer"),
        job_namespace=_text(job, "namespace", "job.namespace"),
        job_name=_text(job, "name", "job.name"),
        inputs=tuple(
            DatasetRead(one["namespace"], one["name"], _version(one))
            for one in _datasets(event, "inputs")
        ),
        model_name=name,
        model_version=version,
        model_digest=digest,
        mlflow_run=_mlflow_run(facets),
        is_training=_is_training(_inner(job, "facets", "job.facets")),
    )


def facets_of(event: Json) -> Json:
    """What the event says of its run and its job, known or not."""
    found = {name: _inner(_object(event, name), "facets", name) for name in ("run", "job")}
    return {name: facets for name, facets in found.items() if facets}


def personal(text: str) -> list[str]:
    """What in the text looks like personal data: the kinds, in order."""
    return [kind for kind, pattern in _PERSONAL.items() if pattern.search(text)]


def _refuse(place: str, wanted: str) -> NoReturn:
    raise DomainError(
        "lineage_unreadable",
        "The lineage event can't be read: at %(place)s there should be %(wanted)s.",
        field=place,
        status=400,
        params={"place": place, "wanted": wanted},
    )


def _object(event: Json, name: str) -> Json:
    found = event.get(name)
    if not isinstance(found, dict):
        _refuse(name, "an object")
    return found


def _inner(told: Json, name: str, place: str) -> Json:
    found = told.get(name) or {}
    if not isinstance(found, dict):
        _refuse(place, "an object")
    return found


def _text(told: Json, name: str, place: str) -> str:
    found = told.get(name)
    if not isinstance(found, str) or not 0 < len(found) <= MOST_LETTERS:
        _refuse(place, f"a text of 1 to {MOST_LETTERS} characters")
    return found


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        _refuse("run.runId", "a UUID")


def _type(text: str) -> str:
    if text not in (*KEPT, "RUNNING"):
        _refuse("eventType", "START, RUNNING, COMPLETE, ABORT, FAIL or OTHER")
    return text


def _moment(text: str, now: dt.datetime) -> dt.datetime:
    try:
        found = dt.datetime.fromisoformat(text)
        if found.tzinfo is None:
            raise ValueError
        found = found.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        _refuse("eventTime", "a moment with its time zone (ISO 8601)")
    if not now - BACK <= found <= now + AHEAD:
        _refuse("eventTime", "a moment of the last ten years, not in the future")
    return found


def _datasets(event: Json, name: str) -> list[Json]:
    found = event.get(name) or []
    if not isinstance(found, list) or len(found) > MOST_DATASETS:
        _refuse(name, f"a list of at most {MOST_DATASETS}")
    for index, one in enumerate(found):
        if not isinstance(one, dict):
            _refuse(f"{name}[{index}]", "an object")
        for key in ("namespace", "name"):
            _text(one, key, f"{name}[{index}].{key}")
        _inner(one, "facets", f"{name}[{index}].facets")
    return found


def _facet(told: Json, name: str, key: str) -> str:
    facet = (told.get("facets") or {}).get(name)
    found = facet.get(key) if isinstance(facet, dict) else None
    return found[:MOST_LETTERS] if isinstance(found, str) else ""


def _version(dataset: Json) -> str:
    return _facet(dataset, "version", "datasetVersion")


def _is_model(dataset: Json) -> bool:
    kind = _facet(dataset, "datasetType", "datasetType")
    return kind.upper() == "MODEL" or dataset["name"].startswith(("models/", "models:/"))


def _model(dataset: Json) -> tuple[str, str, str]:
    """Name, version and sha256; the version may itself be the digest."""
    match = _MODEL.match(dataset["name"])
    name = match.group("name") if match else dataset["name"]
    version = _version(dataset) or (match.group("version") if match else "") or ""
    digest = _SHA256.match(version.lower())
    return name, "" if digest else version, digest.group(1) if digest else ""


def _mlflow_run(facets: Json) -> str:
    """`tags` name it `mlflow.run_id`; MLflow's own facet has `runId`."""
    tags = facets.get("tags")
    rows = tags.get("tags") if isinstance(tags, dict) else None
    for one in rows if isinstance(rows, list) else []:
        if isinstance(one, dict) and one.get("key") in ("mlflow.run_id", "mlflow.runId"):
            return str(one.get("value") or "")[:64]
    own = facets.get("mlflow")
    if isinstance(own, dict):
        return str(own.get("runId") or own.get("run_id") or "")[:64]
    return ""


def _is_training(facets: Json) -> bool:
    kind = facets.get("jobType")
    return isinstance(kind, dict) and str(kind.get("jobType")).upper() == "TRAINING"
