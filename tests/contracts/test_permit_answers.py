"""The sample that asks for a permit takes no other answer for one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.contracts.stub import answering, says
from tests.contracts.test_permit_samples import ask


def test_without_an_answer_nothing_is_permitted(tmp_path: Path) -> None:
    (tmp_path / "permit.json").write_text("{}")
    rows = says({"results": [{"id": "v", "label": "1"}]})
    with answering(rows, says(b"<h1>Server Error</h1>", 500)) as server:
        code, told = ask(tmp_path, server.url, secret="x")
        keys = {one.headers.get("idempotency-key") for one in server.asked[1:]}
    assert (code, "status 500" in told or "JSONDecodeError" in told) == (2, True)
    assert (len(server.asked), len(keys)) == (5, 1)  # the question, and four times the same one
    assert not (tmp_path / "permit.json").exists()
    code, told = ask(tmp_path, "http://models.bank.example", secret="x")
    assert (code, "https only" in told) == (2, True)


@pytest.mark.parametrize(
    "strange",
    [
        [], None, 7, "x", {}, {"envelope": {}}, {"envelope": []},
        {"envelope": {"payload": "x", "payloadType": "x", "signatures": []}},
        {"envelope": {"payload": 1, "payloadType": "x", "signatures": [{"keyid": "", "sig": ""}]}},
    ],
)  # fmt: skip
def test_a_malformed_answer_is_no_permit(strange: Any, tmp_path: Path) -> None:
    for status in (201, 403):
        rows = says({"results": [{"id": "v", "label": "1"}]})
        with answering(rows, says(strange, status)) as server:
            code, told = ask(tmp_path, server.url, secret="x")
        assert (code, "Traceback" in told) == (2, False), told
        assert not (tmp_path / "permit.json").exists()
