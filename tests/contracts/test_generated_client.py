"""The OpenAPI document makes a client, and the client works: nobody writes one by hand."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import translation

from tests import story
from tests.journeys.serving import served
from tests.rest.calling import secret_of
from tests.world import head_office, person

SETTINGS = Path(__file__).parents[2] / "docs" / "samples" / "client.yaml"
PACKAGE = "mingce_client"


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of the package that the document makes, as a Chinese reader gets it, by the lines
    of docs/how-to/generate-a-client.md.
    """
    folder = tmp_path_factory.mktemp("client")
    project = folder / "mingce-client"
    with translation.override("zh-hans"):
        call_command("spectacular", file=str(folder / "schema.yaml"))
    made = subprocess.run(
        [sys.executable, "-m", "openapi_python_client", "generate", "--path",
         str(folder / "schema.yaml"), "--config", str(SETTINGS),
         "--output-path", str(project)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    assert "WARNING" not in made.stdout + made.stderr
    strange = [one.name for one in (project / PACKAGE).rglob("*.py") if not one.name.isascii()]
    assert strange == []
    sys.path.insert(0, str(project))
    yield PACKAGE
    sys.path.remove(str(project))


def part(package: str, name: str) -> Any:  # Any: a generated module
    """A module of the generated package."""
    return importlib.import_module(f"{package}.{name}")


def registration(package: str) -> Any:  # Any: a generated class
    """The scorecard of the worked examples."""
    owner, entity = str(person("wang").pk), str(head_office().pk)
    told = {
        "model": {"name_zh": "零售贷款申请评分卡", "entity": entity, "owner": owner},
        "use_case": {
            "name_zh": "零售贷款审批", "purpose": "在限额内自动审批零售贷款申请",
            "entity": entity, "owner": owner,
        },
        "using_entity": entity,
        **{name: story.E01[name] for name in ("classification", "factors", "facts", "reasons")},
    }  # fmt: skip
    return part(package, "models").NewRegistrationRequest.from_dict(told)


def test_a_model_is_registered_and_its_gate_asked_for(generated: str, committed: str) -> None:
    with served() as base:
        client = part(generated, "client").AuthenticatedClient(
            base.removesuffix("/api/v1"), token=secret_of(person("wang"))
        )
        myself = part(generated, "api.me.me_retrieve").sync(client=client)
        assert myself.username == "wang"
        made = part(generated, "api.registrations.registrations_create").sync(
            client=client, body=registration(generated), idempotency_key="first"
        )
        assert made.model.code.startswith("AIM-")
        again = part(generated, "api.registrations.registrations_create").sync(
            client=client, body=registration(generated), idempotency_key="first"
        )
        assert again.model.id == made.model.id
        page = part(generated, "api.models.models_list").sync(client=client, count=True)
        assert (page.count, [row.id for row in page.results]) == (1, [made.model.id])
        gate = part(generated, "api.releases.releases_gates_retrieve").sync(
            made.release.id, client=client, to="S1"
        )
        assert not gate.open_
        assert gate.missing


def test_a_refusal_is_a_problem(generated: str, committed: str) -> None:
    with served() as base:
        client = part(generated, "client").AuthenticatedClient(
            base.removesuffix("/api/v1"), token=secret_of(person("shen"))
        )
        answer = part(generated, "api.registrations.registrations_create").sync(
            client=client, body=registration(generated)
        )
        assert (answer.status, answer.code) == (403, "not_permitted")
