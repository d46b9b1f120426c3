"""MLflow's tracking server: what a run and a logged model tell, and the digest of their files."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

import requests
import yaml
from urllib3.exceptions import HTTPError
from yaml.composer import Composer

from registry.core.deadlines import Deadline, asking

TIMEOUT = (3.0, 10.0)  # seconds to connect, seconds between bytes
MOST_ANSWER = 4_000_000  # bytes of one answer in JSON or YAML
MOST_YAML = 256_000  # bytes of MLmodel
MOST_FILES = 2_000
MOST_DEPTH = 12  # folders inside folders
MOST_VALUES = 200  # parameters, and metrics, that are taken over
MOST_DIGITS = 100  # of a number in YAML
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_SCHEME = "mlflow-artifacts:"
_ADDED_BY_DOWNLOAD = "registered_model_meta"  # name and version, written beside the files


class Unavailable(Exception):
    """The server did not answer, or not as it should: asked again later it may."""


class Unknown(Exception):
    """The server knows no such thing: asking again is no use."""


@dataclass(frozen=True)
class Found:
    """What could be learnt. digest: of the files, empty where they are not the server's to hand out
    (then `note` says why); size: their bytes together.
    """

    run_name: str = ""
    started_by: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    flavors: tuple[str, ...] = ()
    signature: dict[str, Any] = field(default_factory=dict)  # Any: JSON
    digest: str = ""
    files: int = 0
    size: int = 0
    note: str = ""


def digest_of(files: dict[str, str]) -> str:
    """One digest of many files: sha256 over `sha256sum`'s lines, in the order of the paths.

    files: path → sha256. What MLflow adds to a model that it downloads is left out, so that the
    downloaded folder has the digest of the stored one. docs/samples/digest.py does the same, and,
    inside the folder, `find . -type f ! -path ./registered_model_meta -printf '%P\\n' |
    LC_ALL=C sort | xargs -d '\\n' sha256sum | sha256sum`.
    """
    paths = sorted(set(files) - {_ADDED_BY_DOWNLOAD}, key=str.encode)
    lines = [f"{files[path]}  {path}\n" for path in paths]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


class TrackingServer:
    """A tracking server as its REST interface shows it. Every question raises Unavailable, Unknown.

    seconds: how long one look may take altogether; most_bytes: of files, for a digest.
    """

    def __init__(
        self, url: str, token: str = "", *, seconds: float = 40.0, most_bytes: int = 500_000_000
    ) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Accept-Encoding": "identity"}  # what is read is what was sent
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._seconds, self._most_bytes = seconds, most_bytes

    def look(self, run_id: str, logged_model: str) -> Found:
        """What the run and the logged model tell; either may be empty."""
        deadline = Deadline(self._seconds)
        with asking(deadline) as session:
            session.headers.update(self._headers)
            return _Look(session, self._url, deadline, self._most_bytes).at(run_id, logged_model)


class _Look:
    """One look: so many seconds, so many bytes."""

    def __init__(
        self, session: requests.Session, url: str, deadline: Deadline, most_bytes: int
    ) -> None:
        self._session, self._url = session, url
        self._deadline = deadline
        self._left = most_bytes

    def at(self, run_id: str, logged_model: str) -> Found:
        model = self._logged_model(logged_model) if logged_model else {}
        info, data = _dict(model.get("info")), _dict(model.get("data"))
        run = self._run(run_id or str(info.get("source_run_id") or ""))
        run_info, run_data = _dict(run.get("info")), _dict(run.get("data"))
        told: dict[str, Any] = {  # Any: the fields of Found
            "run_name": str(run_info.get("run_name") or info.get("name") or "")[:200],
            "started_by": str(run_info.get("user_id") or "")[:200],
            "parameters": _pairs(run_data.get("params")) | _pairs(data.get("params")),
            "metrics": _numbers(run_data.get("metrics")) | _numbers(data.get("metrics")),
        }
        place = str(info.get("artifact_uri") or "")
        if not place:
            return Found(**told, note="no logged model is named: its files are not known")
        if not place.startswith(_SCHEME):
            scheme = place.partition(":")[0][:30]
            return Found(**told, note=f"its files lie at {scheme}: they can't be asked for here")
        root = place.removeprefix(_SCHEME).strip("/")
        if ".." in root.split("/"):
            return Found(**told, note="its files lie at no plain path")
        return self._with_files(told, root)

    def _with_files(self, told: dict[str, Any], root: str) -> Found:
        about = _dict(self._yaml(f"{root}/MLmodel"))
        flavors = tuple(sorted(str(one)[:60] for one in _dict(about.get("flavors"))))[:20]
        signature = _dict(about.get("signature"))
        told |= {"flavors": flavors, "signature": signature}
        paths = self._files(root)
        if len(paths) > MOST_FILES or sum(paths.values()) > self._left:
            return Found(**told, files=len(paths), note="too many or too large files for a digest")
        digests = {path: self._sha256(f"{root}/{path}") for path in paths}
        size = sum(paths.values())
        return Found(**told, digest=digest_of(digests), files=len(digests), size=size)

    def _logged_model(self, key: str) -> dict[str, Any]:
        answer = self._json(f"/api/2.0/mlflow/logged-models/{quote(key, safe='')}")
        return _dict(answer.get("model"))

    def _run(self, key: str) -> dict[str, Any]:
        if not key:
            return {}
        return _dict(self._json("/api/2.0/mlflow/runs/get", run_id=key).get("run"))

    def _files(self, root: str) -> dict[str, int]:
        """Every file below: its path from there, and its bytes."""
        found: dict[str, int] = {}
        folders = [""]
        while folders and len(found) <= MOST_FILES:
            folder = folders.pop()
            path = f"{root}/{folder}".rstrip("/")
            listed = self._json("/api/2.0/mlflow-artifacts/artifacts", path=path).get("files")
            for one in listed if isinstance(listed, list) else []:
                name = PurePosixPath(str(_dict(one).get("path") or "")).name
                if name in ("", ".", ".."):
                    continue
                inner = f"{folder}/{name}".lstrip("/")
                if not _dict(one).get("is_dir"):
                    found[inner] = _whole(_dict(one).get("file_size"))
                elif inner.count("/") < MOST_DEPTH:
                    folders.append(inner)
        return found

    def _sha256(self, path: str) -> str:
        summed = hashlib.sha256()
        with self._get(f"/api/2.0/mlflow-artifacts/artifacts/{quote(path)}") as answer:
            for piece in self._pieces(answer):
                self._left -= len(piece)
                if self._left < 0:
                    raise Unavailable("the files are larger than the server said")
                summed.update(piece)
        return summed.hexdigest()

    def _yaml(self, path: str) -> object:
        with self._get(f"/api/2.0/mlflow-artifacts/artifacts/{quote(path)}") as answer:
            content = self._whole(answer)
        if len(content) > MOST_YAML:
            raise Unavailable("MLmodel is too long")
        try:
            told = yaml.load(content, Loader=_Plain)  # noqa: S506 (a safe loader)
            return _clean(json.loads(json.dumps(told, default=str)))
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise Unavailable("MLmodel is no YAML") from error

    def _json(self, address: str, **query: str) -> dict[str, Any]:
        with self._get(address, **query) as answer:
            content = self._whole(answer)
        try:
            return _dict(_clean(json.loads(content)))
        except (ValueError, RecursionError) as error:
            raise Unavailable("the answer is no JSON") from error

    def _get(self, address: str, **query: str) -> requests.Response:
        self._in_time()
        try:
            answer = self._session.get(
                self._url + address,
                params=query,
                timeout=TIMEOUT,
                allow_redirects=False,
                stream=True,
            )
        except (requests.RequestException, OSError) as error:
            self._in_time()
            raise Unavailable(f"{type(error).__name__}") from error
        self._in_time()
        if answer.status_code == 200:
            return answer
        answer.close()
        if answer.status_code in (400, 404):
            raise Unknown(f"the tracking server answered {answer.status_code}")
        raise Unavailable(f"the tracking server answered {answer.status_code}")

    def _whole(self, answer: requests.Response) -> bytes:
        body = bytearray()
        for piece in self._pieces(answer):
            body += piece
            if len(body) > MOST_ANSWER:
                raise Unavailable("the answer is too long")
        return bytes(body)

    def _pieces(self, answer: requests.Response) -> Any:  # Any: an iterator of bytes
        try:
            while piece := answer.raw.read1(1 << 18):
                self._in_time()
                yield piece
        except (requests.RequestException, HTTPError, OSError) as error:
            self._in_time()
            raise Unavailable(f"{type(error).__name__}") from error
        self._in_time()

    def _in_time(self) -> None:
        """An answer that was cut because its time is over looks like one that has ended."""
        if self._deadline.is_over:
            raise Unavailable("it took too long")


class _Plain(Composer, yaml.CSafeLoader):
    """Safe loading without aliases: nine levels of ten each would be a thousand million values.

    libyaml reads the text; only its own composer takes no orders.
    """

    def __init__(self, text: bytes) -> None:
        yaml.CSafeLoader.__init__(self, text)
        Composer.__init__(self)

    def compose_node(self, parent: Any, index: Any) -> Any:  # Any: PyYAML's own
        """The node. Raises YAMLError where it is an alias."""
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not read")
        return super().compose_node(parent, index)

    def construct_scalar(self, node: Any) -> Any:  # Any: PyYAML's own
        """The text. Raises YAMLError for a number without end: 1:1:1… is one to the base of 60."""
        if node.tag in _NUMBERS and len(node.value) > MOST_DIGITS:
            raise yaml.YAMLError("a number is too long")
        return super().construct_scalar(node)


def _clean(value: Any) -> Any:  # Any: JSON
    """What a database can hold: no number that is none, no NUL, no half character."""
    if isinstance(value, dict):
        return {_clean(key): _clean(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_clean(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode()
    return value


def _dict(value: object) -> dict[str, Any]:  # Any: JSON
    return value if isinstance(value, dict) else {}


def _whole(value: object) -> int:
    try:
        return max(0, int(str(value or 0)))
    except ValueError:
        return 0


def _pairs(value: object) -> dict[str, str]:
    rows = value if isinstance(value, list) else []
    every = [(str(_dict(one).get("key"))[:250], str(_dict(one).get("value"))[:500]) for one in rows]
    return dict(every[:MOST_VALUES])


def _numbers(value: object) -> dict[str, float]:
    """The last value of each metric; what is no finite number is left out."""
    rows = value if isinstance(value, list) else []
    found: dict[str, float] = {}
    for one in rows[: 10 * MOST_VALUES]:
        told = _dict(one).get("value")
        if isinstance(told, int | float) and abs(told) < 1e300 and len(found) < MOST_VALUES:
            found[str(_dict(one).get("key"))[:250]] = float(told)
    return found
