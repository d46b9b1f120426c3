"""A tracking server for tests: what it answers is what the test says, in the process."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

RUN = "f45dc37412544919bff7694edb886984"
LOGGED = "m-18c0ab5a819c475682dd80f9f52be194"
ROOT = f"1/models/{LOGGED}/artifacts"
MLMODEL = b"""
flavors:
  python_function: {loader_module: mlflow.sklearn}
  sklearn: {sklearn_version: 1.9.0}
signature: {inputs: '[{"type": "double", "name": "income"}]', outputs: null}
utc_time_created: 2026-11-26 08:00:00
"""


@dataclass
class Tracking:
    """What it holds, and how it answers: a path's answer may be bytes, JSON, or (status, bytes)."""

    url: str = ""
    token: str = ""
    files: dict[str, bytes] = field(
        default_factory=lambda: {"MLmodel": MLMODEL, "model.skops": b"weights", "data/x.json": b"1"}
    )
    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def answer(self, path: str, query: dict[str, list[str]]) -> Any:
        """What is answered: told by the test, else by what it holds."""
        if path in self.answers:
            return self.answers[path]
        if path.startswith("/api/2.0/mlflow/logged-models/"):
            return self._logged(path.rpartition("/")[2])
        if path == "/api/2.0/mlflow/runs/get":
            return self._run(query["run_id"][0])
        if path == "/api/2.0/mlflow-artifacts/artifacts":
            return {"files": self._listed(query["path"][0])}
        if path.startswith(f"/api/2.0/mlflow-artifacts/artifacts/{ROOT}/"):
            inner = path.partition(f"{ROOT}/")[2]
            return self.files.get(inner, (404, b"{}"))
        return 404, b"{}"

    def _logged(self, key: str) -> Any:
        info = {"model_id": key, "name": "model", "artifact_uri": f"mlflow-artifacts:/{ROOT}",
                "source_run_id": RUN}  # fmt: skip
        metrics = [{"key": "auc", "value": 0.83, "timestamp": 1}]
        return {"model": {"info": info, "data": {"metrics": metrics, "params": []}}}

    def _run(self, key: str) -> Any:
        info = {"run_id": key, "run_name": "quiet-owl", "user_id": "li"}
        data = {"params": [{"key": "C", "value": "1.0"}], "metrics": [{"key": "f1", "value": 0.7}]}
        return {"run": {"info": info, "data": data}}

    def _listed(self, folder: str) -> list[dict[str, Any]]:
        inside = folder.removeprefix(ROOT).strip("/")
        found: dict[str, dict[str, Any]] = {}
        for path, content in self.files.items():
            if inside and not path.startswith(f"{inside}/"):
                continue
            rest = path[len(inside) + 1 :] if inside else path
            name, _slash, more = rest.partition("/")
            whole = {"path": name, "is_dir": bool(more), "file_size": len(content)}
            found[name] = whole
        return list(found.values())


@contextmanager
def tracking() -> Iterator[Tracking]:
    """A tracking server on loopback until the block ends."""
    held = Tracking()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802 (http.server's name)
            parts = urlsplit(self.path)
            path = unquote(parts.path)
            held.asked.append(path)
            held.token = self.headers.get("Authorization", "")
            told = held.answer(path, parse_qs(parts.query))
            status, body = told if isinstance(told, tuple) else (200, told)
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            if status in (301, 302):
                self.send_header("Location", f"{held.url}/elsewhere")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    held.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield held
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
