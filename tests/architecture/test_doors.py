"""Every door asks who may, and shows nobody more than they may see."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.urls import URLPattern, URLResolver, get_resolver

from governance.desk.admin import urls as desk_urls
from registry.core.adminkit import GovernedAdmin
from registry.core.people.rules import Capability
from registry.core.web.views import Door, ListDoor
from tests.architecture import house


def _patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    found: list[URLPattern | URLResolver] = resolver.url_patterns
    for one in found:
        if isinstance(one, URLResolver):
            yield from _patterns(one)
        else:
            yield one


def _reachable() -> dict[type[Door], set[str]]:
    """Every door with an address, and the actions that its addresses call."""
    found: dict[type[Door], set[str]] = {}
    for pattern in _patterns(get_resolver()):
        door = getattr(pattern.callback, "cls", None)
        if isinstance(door, type) and issubclass(door, Door):
            actions = getattr(pattern.callback, "actions", {})
            found.setdefault(door, set()).update(actions.values())
    return found


def _subclasses(kind: type[Any]) -> Iterator[type[Any]]:  # Any: doors and admin lists
    for one in kind.__subclasses__():
        yield one
        yield from _subclasses(one)


get_resolver().url_patterns  # noqa: B018 (reading it imports every door)
DOORS = sorted(set(_subclasses(Door)) - {ListDoor}, key=lambda one: one.__name__)
ADMINS = sorted(set(_subclasses(GovernedAdmin)), key=lambda one: one.__name__)


def name(kind: object) -> str:
    """What a test of the class is called."""
    return str(getattr(kind, "__name__", kind))


def methods(door: type[Door]) -> dict[str, ast.FunctionDef]:
    """The functions that the door itself defines, as they are written."""
    (module,) = [one for one in house.modules() if one.name == door.__module__]
    (written,) = [
        node
        for node in module.tree.body
        if isinstance(node, ast.ClassDef) and node.name == door.__name__
    ]
    return {node.name: node for node in written.body if isinstance(node, ast.FunctionDef)}


def called(function: ast.FunctionDef) -> set[str]:
    """What the function calls: `queries.visible_to`, `Job.objects.none`."""
    return {ast.unparse(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)}


@pytest.mark.parametrize("door", DOORS, ids=name)
def test_a_door_has_an_address(door: type[Door]) -> None:
    assert door in _reachable()


@pytest.mark.parametrize("door", DOORS, ids=name)
def test_every_action_has_its_capability_and_no_other(door: type[Door]) -> None:
    assert set(door.capabilities) == _reachable()[door]
    assert {type(one) for one in door.capabilities.values()} == {Capability}


@pytest.mark.parametrize("door", DOORS, ids=name)
def test_a_doors_rows_go_through_visible(door: type[Door]) -> None:
    """A door without rows of its own says so: `objects.none()`."""
    written = methods(door)
    assert "get_queryset" not in written
    calls = called(written["visible"])
    queries = {one for one in calls if one.rpartition(".")[2].startswith("visible")}
    assert queries or {one.partition(".")[2] for one in calls} == {"objects.none"}


@pytest.mark.parametrize("door", DOORS, ids=name)
def test_no_action_reads_a_table_past_visible(door: type[Door]) -> None:
    """Inside a door `objects` would be everybody's rows."""
    calls = {
        call
        for function in methods(door).values()
        for call in called(function)
        if {"objects", "_base_manager", "_default_manager"} & set(call.split("."))
    }
    assert {call for call in calls if not call.endswith(".objects.none")} == set()


@pytest.mark.parametrize("listing", ADMINS, ids=name)
def test_an_admin_list_names_the_query_that_limits_it(listing: type[GovernedAdmin]) -> None:
    query = listing.visible
    assert query.__name__.startswith("visible")
    assert ".queries" in query.__module__
    assert "get_queryset" not in vars(listing)


def test_every_model_of_ours_in_the_admin_is_governed() -> None:
    strange = {
        model._meta.label
        for model, listing in admin.site._registry.items()
        if model._meta.app_label in house.APPS and not isinstance(listing, GovernedAdmin)
    }
    assert strange == set()


def _decorators(function: ast.FunctionDef) -> list[str]:
    return [ast.unparse(one) for one in function.decorator_list]


def _pages() -> dict[str, ast.FunctionDef]:
    """Every public function of the desk that takes a request, by its place."""
    return {
        f"{module.name}.{node.name}": node
        for module in house.modules("governance/desk/admin")
        for node in module.tree.body
        if isinstance(node, ast.FunctionDef)
        and not node.name.startswith("_")
        and module.name != "governance.desk.admin.pages"
        and [one.arg for one in node.args.args][:1] == ["request"]
    }


# The views that nobody signs in for, and what stands in place of the login.
OPEN = {
    "governance.desk.admin.calendar_feed.feed": "a signed address: a calendar program can't log in",
}


def test_every_view_of_the_desk_is_a_page() -> None:
    """`page` stands outermost: whoever has not signed in reaches nothing behind it."""
    others = {one for one, node in _pages().items() if _decorators(node)[:1] != ["page"]}
    assert others == OPEN.keys()


def test_every_address_of_the_desk_leads_to_a_page() -> None:
    leads = {
        f"{pattern.callback.__module__}.{pattern.callback.__qualname__}"
        for pattern in desk_urls.urlpatterns
    }
    assert leads == _pages().keys()
