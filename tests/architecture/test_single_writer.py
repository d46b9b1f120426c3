"""Only services write: no row is made or changed anywhere else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.architecture import house

WRITES = {
    "save", "create", "update", "delete", "bulk_create", "bulk_update", "get_or_create",
    "update_or_create", "raw", "executemany", "create_many", "spend",
    "asave", "acreate", "aupdate", "adelete", "abulk_create", "abulk_update",
    "aget_or_create", "aupdate_or_create",
}  # fmt: skip
SQL_WRITE = re.compile(
    r"^\s*(INSERT\s+INTO|UPDATE\s+\S+\s+SET|DELETE\s+FROM|TRUNCATE|COPY|MERGE|"
    r"(CREATE|ALTER|DROP)\s+(TABLE|INDEX|TRIGGER|FUNCTION|SEQUENCE)|SELECT\s+setval)\b",
    re.IGNORECASE,
)
# Who else writes, and why.
MORE = {
    "registry.releases.staging": "the only writer of `stage`, called by lifecycle alone",
    "registry.core.web.idempotency": "a door's own record of its answer; no governed row",
}


def _may_write(module: str) -> bool:
    inner = module.removeprefix(house.slice_of(module)) if _in_slice(module) else ""
    return module in MORE or inner == ".services" or inner.startswith(".services.")


def _in_slice(module: str) -> bool:
    return any(module.startswith(f"{one}.") for one in house.slices())


def writes(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The line and the text of everything that writes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in WRITES and not _is_of_a_dict(node):
                yield node.lineno, ast.unparse(node.func)
        elif isinstance(node, ast.Constant) and SQL_WRITE.match(str(node.value)):
            yield node.lineno, str(node.value)[:40]


def _is_of_a_dict(call: ast.Call) -> bool:
    """`update` of a dict, set or digest takes one positional argument; a queryset's takes none,
    an act's at least two."""
    is_update = isinstance(call.func, ast.Attribute) and call.func.attr == "update"
    return is_update and len(call.args) == 1 and not call.keywords


def test_only_services_write() -> None:
    found = {
        f"{module.shown}:{line} {text}"
        for module in house.modules()
        if not _may_write(module.name)
        for line, text in writes(module.tree)
    }
    assert found == set()


def test_every_exception_still_writes() -> None:
    silent = {
        module.name
        for module in house.modules()
        if module.name in MORE and not list(writes(module.tree))
    }
    assert silent == set()
    assert MORE.keys() - {module.name for module in house.modules()} == set()


@pytest.mark.parametrize(
    ("source", "is_write"),
    [
        ("row.save()", True),
        ("Release.objects.filter(pk=1).update(stage='S4')", True),
        ("act.update(row, 'release.moved', changes)", True),
        ("act.create(row, 'vote.cast')", True),
        ("row.votes.all().delete()", True),
        ("cursor.execute('UPDATE registry_release SET stage = 1')", True),
        ("cursor.execute('  delete from registry_entry')", True),
        ("body.update(extra)", False),
        ("digest.update(chunk)", False),
        ("cursor.execute('SELECT 1 FROM registry_entry')", False),
        ("'Update the release and set its stage.'", False),
    ],
)
def test_a_write_is_told_from_a_read(source: str, is_write: bool) -> None:
    assert bool(list(writes(ast.parse(source)))) is is_write
