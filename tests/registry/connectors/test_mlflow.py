"""What a tracking server tells, and what happens when it does not."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registry.connectors.mlflow import TrackingServer, Unavailable, Unknown, digest_of
from tests.contracts.stub import Dripping, answering
from tests.registry.connectors.tracking import LOGGED, RUN, Tracking, tracking

RUNS = "/api/2.0/mlflow/runs/get"
MODEL = f"/api/2.0/mlflow/logged-models/{LOGGED}"


@pytest.fixture
def server() -> Iterator[Tracking]:
    with tracking() as found:
        yield found


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_logged_model_tells_its_run_its_metrics_and_its_files(server: Tracking) -> None:
    found = TrackingServer(server.url, "secret").look("", LOGGED)
    assert (found.run_name, found.started_by) == ("quiet-owl", "li")
    assert (found.parameters, found.metrics) == ({"C": "1.0"}, {"auc": 0.83, "f1": 0.7})
    assert found.flavors == ("python_function", "sklearn")
    assert "income" in found.signature["inputs"]
    assert found.digest == digest_of({path: sha(body) for path, body in server.files.items()})
    assert (found.files, found.size) == (3, sum(len(one) for one in server.files.values()))
    assert server.token == "Bearer secret"


def test_a_run_alone_tells_no_digest_and_why(server: Tracking) -> None:
    found = TrackingServer(server.url).look(RUN, "")
    assert (found.run_name, found.digest) == ("quiet-owl", "")
    assert "no logged model" in found.note


def test_files_elsewhere_are_not_asked_for(server: Tracking) -> None:
    info = {"info": {"artifact_uri": "s3://bucket/m", "source_run_id": RUN}}
    server.answers[MODEL] = {"model": info}
    found = TrackingServer(server.url).look("", LOGGED)
    assert (found.digest, "s3" in found.note) == ("", True)


FILES = {
    "MLmodel": b"a",
    "data/x y.json": b"b",
    "data/模型.bin": b"c",
    "Z": b"d",
    "data/registered_model_meta": b"e",
}
DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture
def downloaded(tmp_path: Path) -> Path:
    """The folder as MLflow's client leaves it: with a file more than the server has."""
    for path, content in (FILES | {"registered_model_meta": b"model_name: credit\n"}).items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
    return tmp_path


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum is installed")
def test_the_digest_is_that_of_the_documented_line(downloaded: Path) -> None:
    page = (DOCS / "how-to" / "use-it-as-your-mlflow-registry.md").read_text("utf-8")
    (script,) = [line for line in page.splitlines() if line.startswith("find . -type f")]
    told = subprocess.run(
        ["/bin/sh", "-c", script], cwd=downloaded, capture_output=True, text=True, check=True
    )
    assert told.stdout.split()[0] == digest_of({path: sha(body) for path, body in FILES.items()})


def test_the_digest_is_that_of_the_sample(downloaded: Path) -> None:
    def told(place: Path) -> str:
        script = [sys.executable, str(DOCS / "samples" / "digest.py"), str(place)]
        return subprocess.run(script, capture_output=True, text=True, check=True).stdout.strip()

    assert told(downloaded) == digest_of({path: sha(body) for path, body in FILES.items()})
    assert told(downloaded / "Z") == sha(b"d")


def test_a_stored_copy_of_a_download_has_the_same_digest() -> None:
    files = {path: sha(body) for path, body in FILES.items()}
    assert digest_of(files | {"registered_model_meta": sha(b"x")}) == digest_of(files)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((404, b"{}"), Unknown),
        ((400, b"{}"), Unknown),
        ((401, b"{}"), Unavailable),
        ((500, b"<h1>Server Error</h1>"), Unavailable),
        ((302, b""), Unavailable),
        (b"<html>Please log in</html>", Unavailable),
        (b"\xff\xfe", Unavailable),
        (b"[" * 100_000, Unavailable),
        (b" " * 4_100_000, Unavailable),
    ],
    ids=lambda one: str(one)[:20],
)
def test_answers_that_are_none(server: Tracking, answer: Any, kind: type[Exception]) -> None:
    server.answers[RUNS] = answer
    with pytest.raises(kind):
        TrackingServer(server.url).look(RUN, "")
    assert "/elsewhere" not in server.asked


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(Unavailable):
        TrackingServer("http://127.0.0.1:9").look(RUN, "")


@pytest.mark.parametrize(
    "answer",
    [{}, {"run": 5}, {"run": {"info": [], "data": {"params": {}, "metrics": [1, {"value": "x"}]}}}],
    ids=str,
)
def test_strange_shapes_tell_nothing(server: Tracking, answer: Any) -> None:
    server.answers[RUNS] = answer
    found = TrackingServer(server.url).look(RUN, "")
    assert (found.parameters, found.metrics) == ({}, {})


def test_numbers_that_are_none_are_left_out(server: Tracking) -> None:
    server.answers[RUNS] = (
        b'{"run": {"data": {"metrics": [{"key": "a", "value": NaN}, {"key": "b", "value": 1e999},'
        b' {"key": "c", "value": 2}]}}}'
    )
    assert TrackingServer(server.url).look(RUN, "").metrics == {"c": 2.0}


def test_too_large_files_have_no_digest(server: Tracking) -> None:
    found = TrackingServer(server.url, most_bytes=10).look("", LOGGED)
    assert (found.digest, "too large" in found.note) == ("", True)


def test_a_look_takes_no_longer_than_it_may(server: Tracking) -> None:
    with pytest.raises(Unavailable, match="too long"):
        TrackingServer(server.url, seconds=-1).look(RUN, "")


@pytest.mark.parametrize(
    "told",
    [b"HTTP/1.1 200 OK\r\nX" + b"X" * 9_000, b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 9_000],
    ids=["headers", "body"],
)
def test_a_server_that_drips_holds_a_look_no_longer(told: bytes) -> None:
    began = time.monotonic()
    with answering(Dripping(told)) as dripping, pytest.raises(Unavailable, match="too long"):
        TrackingServer(dripping.url, seconds=0.8).look(RUN, "")
    assert time.monotonic() - began < 3


def test_a_folder_that_holds_itself_ends(server: Tracking) -> None:
    server.answers["/api/2.0/mlflow-artifacts/artifacts"] = {
        "files": [{"path": "again", "is_dir": True}]
    }
    assert TrackingServer(server.url).look("", LOGGED).files == 0


@pytest.mark.parametrize(
    "told",
    [
        b"a: &a [x, x]\nb: &b [*a, *a]\nflavors: [*b, *b]",
        b"a: " + b"[1, " * 80_000,
        b"x" * 300_000,
        b"a: " + b"1:" * 100_000 + b"1",
        b"a: !!float '" + b"1:" * 100_000 + b"1'",
    ],
    ids=["aliases", "deep", "long", "base 60", "base 60, said to be one"],
)
def test_a_description_that_would_choke_a_reader(server: Tracking, told: bytes) -> None:
    server.files["MLmodel"] = told
    began = time.process_time()
    with pytest.raises(Unavailable):
        TrackingServer(server.url).look("", LOGGED)
    assert time.process_time() - began < 2


def test_what_no_database_holds_is_cleaned(server: Tracking) -> None:
    server.files["MLmodel"] = b'signature: {inputs: .nan, outputs: "a\\0b", "k\\0": .inf}'
    found = TrackingServer(server.url).look("", LOGGED)
    assert found.signature == {"inputs": None, "outputs": "ab", "k": None}


def test_a_place_outside_the_store_is_not_asked_for(server: Tracking) -> None:
    info = {"info": {"artifact_uri": "mlflow-artifacts:/1/../../x", "source_run_id": RUN}}
    server.answers[MODEL] = {"model": info}
    assert "no plain path" in TrackingServer(server.url).look("", LOGGED).note
    assert not [path for path in server.asked if "artifacts/" in path]
