"""Nothing is longer than a reader can hold, and everything that is imported stands at the top."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.architecture import house

MOST_LINES_OF_A_MODULE = 400
MOST_LINES_OF_A_FUNCTION = 40
Function = ast.FunctionDef | ast.AsyncFunctionDef


def _functions(module: house.Module) -> Iterator[Function]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_module_is_too_long() -> None:
    lengths = {module.shown: len(module.source.splitlines()) for module in house.modules()}
    assert {one: n for one, n in lengths.items() if n > MOST_LINES_OF_A_MODULE} == {}


def test_no_function_is_too_long() -> None:
    lengths = {
        f"{module.shown}:{one.lineno} {one.name}": (one.end_lineno or one.lineno) - one.lineno + 1
        for module in house.modules()
        for one in _functions(module)
    }
    assert {one: n for one, n in lengths.items() if n > MOST_LINES_OF_A_FUNCTION} == {}


def test_imports_stand_at_the_top() -> None:
    """Django's own rule for AppConfig.ready() is the one exception."""
    found = {
        f"{module.shown}:{node.lineno}"
        for module in house.modules()
        for one in _functions(module)
        for node in ast.walk(one)
        if isinstance(node, ast.Import | ast.ImportFrom)
        and not (module.name in ("registry.apps", "governance.apps") and one.name == "ready")
    }
    assert found == set()
