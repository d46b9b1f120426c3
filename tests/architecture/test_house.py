"""Every file stands where its name says, and every aggregator lists every slice."""

from __future__ import annotations

import ast
import importlib
import inspect

import pytest
from django.db.models import Model

from tests.architecture import house

ALLOWED = {
    "rules", "schema", "models", "queries", "services", "api", "admin", "tasks", "templates",
}  # fmt: skip
# What a slice holds beyond the allowed names, and why.
MORE: dict[str, dict[str, str]] = {
    "registry.core.ledger": {
        "guards": "the triggers that every slice's models name",
        "jobs": "verification and export as long work; wiring declares them to core.jobs",
    },
    "registry.core.people": {
        "authentication": "DRF's settings name it: who is calling",
    },
    "registry.connectors": {
        "shapes": "what every adapter gives and takes",
        "fetching": "asking over HTTP, for all of them",
        **dict.fromkeys(
            (
                "mlflow",
                "kubeflow",
                "sagemaker",
                "huggingface",
                "prometheus",
                "evidently",
                "nannyml",
            ),
            "an adapter; one module for each MLOps tool",
        ),
    },
    "registry.releases": {"staging": "the only writer of `stage`, called by lifecycle alone"},
    "governance.reactions": {
        "approving": "what follows for approvals and grades",
        "clocking": "what starts legal clocks, and what follows when one runs out",
        "permitting": "what ends deployment permits",
        "people": "what people are told about their accounts and delegations",
        "restricting": "what restricts a release by itself",
        "reviewing": "what plans reviews and calls for them",
        "watching": "what is watched once it is live, and what a breach brings about",
    },
    "governance.desk": {"demo": "the demo story, told through every slice's services"},
}
# The bases of the doors: no slices, though they stand among the core's.
BASES = {"registry.core.web", "registry.core.adminkit"}
# design.md section 2: the foundation is a closed list.
CORE = {
    "clock", "errors", "transitions", "plugins", "ports", "web", "adminkit", "ledger", "people",
    "policy", "dispatch", "notices", "jobs", "calendars", "migrating",
    "signing", "alone", "deadlines",
}  # fmt: skip


def having(name: str) -> list[str]:
    """The slices that have the thing."""
    return [one for one in house.slices() if name in house.parts_of(one)]


SLICES = [one for one in house.slices() if one not in BASES]


@pytest.mark.parametrize("slice_name", SLICES)
def test_a_slice_holds_the_allowed_names_only(slice_name: str) -> None:
    assert house.parts_of(slice_name) - ALLOWED - MORE.get(slice_name, {}).keys() == set()


def test_every_exception_is_still_needed() -> None:
    gone = {
        (slice_name, name)
        for slice_name, names in MORE.items()
        for name in names
        if name not in house.parts_of(slice_name)
    }
    assert gone == set()


def test_the_core_is_a_closed_list() -> None:
    assert house.parts_of("registry.core") - CORE == set()


def test_every_folder_of_python_is_a_package() -> None:
    missing = {
        module.path.parent.relative_to(house.PROJECT).as_posix()
        for module in house.modules(*house.APPS)
        if not (module.path.parent / "__init__.py").exists()
    }
    assert missing == set()


def test_commands_stand_under_their_app_alone() -> None:
    homes = {
        module.shown
        for module in house.modules(*house.APPS)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and node.name == "Command"
    }
    allowed = tuple(f"{app}/management/commands/" for app in house.APPS)
    assert {one for one in homes if not one.startswith(allowed)} == set()


def _imported(aggregator: str) -> dict[str, set[str]]:
    """Module → the names that the aggregator takes from it."""
    (module,) = [one for one in house.modules() if one.name == aggregator]
    found: dict[str, set[str]] = {}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.setdefault(node.module, set()).update(alias.name for alias in node.names)
    return found


def _classes(module: str, base: type) -> set[str]:
    """The classes that the module (or package) defines on the base, abstract models left out."""
    found = inspect.getmembers(importlib.import_module(module), inspect.isclass)
    return {
        name
        for name, kind in found
        if f"{kind.__module__}.".startswith(f"{module}.")
        and issubclass(kind, base)
        and not (issubclass(kind, Model) and kind._meta.abstract)
    }


@pytest.mark.parametrize("slice_name", having("models"))
def test_the_apps_models_list_every_model(slice_name: str) -> None:
    module = f"{slice_name}.models"
    listed = _imported(f"{slice_name.split('.')[0]}.models").get(module, set())
    assert _classes(module, Model) - listed == set()


@pytest.mark.parametrize("slice_name", having("api"))
def test_the_apps_addresses_list_every_door(slice_name: str) -> None:
    module = f"{slice_name}.api"
    from_slice = _imported(f"{slice_name.split('.')[0]}.urls").get(module, set())
    doors = {name for name in _classes(module, object) if name.endswith("Door")}
    assert doors
    assert doors - from_slice == set()


@pytest.mark.parametrize(
    ("slice_name", "name"),
    [(one, name) for name in ("admin", "tasks") for one in having(name)],
)
def test_the_app_lists_every_slices_admin_and_tasks(slice_name: str, name: str) -> None:
    """The desk's admin is pages, which config.urls lists."""
    if (slice_name, name) == ("governance.desk", "admin"):
        (urls,) = [one for one in house.modules("config") if one.name == "config.urls"]
        assert f'include("{slice_name}.{name}.urls")' in urls.source
        return
    listed = _imported(f"{slice_name.split('.')[0]}.{name}")
    assert name in listed.get(slice_name, set()) or f"{slice_name}.{name}" in listed
