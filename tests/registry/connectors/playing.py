"""Recordings: what a system has answered, played to a connector in its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from registry.connectors.shapes import Answer, Ask, Fetch

FOLDER = Path(__file__).parent / "recordings"
NEXT = '<https://huggingface.co/api/models?cursor=eyJx&limit=100>; rel="next"'


def recording(name: str) -> dict[str, Any]:
    """Question → answer, as the system writes them."""
    told: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return told


def playing(told: dict[str, Any], asked: list[str] | None = None) -> Fetch:
    """A `fetch` that answers from the recording; whatever it does not hold is not found."""

    def fetch(ask: Ask) -> Answer:
        key = _key(ask)
        if asked is not None:
            asked.append(key)
        if key not in told:
            return Answer(404, b"{}")
        headers = {"link": NEXT} if "author=" in key else {}
        return Answer(200, json.dumps(told[key]).encode(), headers)

    return fetch


def _key(ask: Ask) -> str:
    if ask.method == "POST":
        token = json.loads(ask.body).get("NextToken", "")
        return f"{ask.headers['X-Amz-Target'].removeprefix('SageMaker.')} {token}".strip()
    query = urlencode(ask.query)
    return f"{ask.method} {ask.path}?{query}"
