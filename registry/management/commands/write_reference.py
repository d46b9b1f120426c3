"""`manage.py write_reference`: docs/reference as the code has it; --check finds what is stale."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, get_type_hints

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import URLPattern, URLResolver, get_resolver
from pydantic import BaseModel

from registry.core.dispatch.services import reactions
from registry.core.people.rules import GRANTS, LINE_OF, MACHINE_CAPABILITIES, Capability, Role
from registry.core.policy.queries import declared_sections
from registry.core.policy.schema import Pack

API = "/api/v1"
_VERBS = frozenset({"create", "create_many", "update", "note"})
_KIND = re.compile(r"^[a-z_]+(\.[a-z_*]+)+$")
_GENERATED = "<!-- Written by `manage.py write_reference`; change the code, then run it again. -->"


class Command(BaseCommand):
    """Parse, compose, write or compare."""

    help = "Write docs/reference/*.md; with --check, exit status 1 where one is stale."
    requires_system_checks: list[str] = []  # noqa: RUF012 (Django's way)

    def add_arguments(self, parser: CommandParser) -> None:
        """Only --check."""
        parser.add_argument("--check", action="store_true", help="compare, write nothing")

    def handle(self, *args: Any, **options: Any) -> None:  # Any: Django's signature
        """Prints each page that is written, or fails naming those that are stale."""
        folder = Path(settings.BASE_DIR) / "docs" / "reference"
        stale = [name for name, text in pages().items() if _text(folder / name) != text]
        if options["check"]:
            if stale:
                raise CommandError(f"stale: {', '.join(stale)}; run manage.py write_reference")
            return
        folder.mkdir(parents=True, exist_ok=True)
        for name in stale:
            (folder / name).write_text(pages()[name], encoding="utf-8")
            self.stdout.write(f"docs/reference/{name}")


def pages() -> dict[str, str]:
    """File name → text."""
    found = {
        "permissions.md": permissions(),
        "events.md": events(),
        "pack-schema.md": pack_schema(),
    }
    return {name: "\n".join(lines) + "\n" for name, lines in found.items()}


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _table(heads: list[str], rows: list[list[str]]) -> list[str]:
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def permissions() -> list[str]:
    """Which role has which button, and which button each address needs."""
    capabilities = [
        [f"`{one.value}`", _holders(one), "yes" if one in MACHINE_CAPABILITIES else ""]
        for one in Capability
    ]
    roles = [[f"`{role.value}`", LINE_OF[role].value, _buttons(role)] for role in Role]
    addresses = [
        [method, f"`{path}`", f"`{needed.value}`", _holders(needed)]
        for method, path, needed in sorted(_addresses(), key=lambda one: (one[1], one[0]))
    ]
    return [
        "# Permissions",
        "",
        _GENERATED,
        "",
        "A capability shows a button; whether the act is allowed, segregation of duties above all,",
        "is decided by the rules behind it. A token opens no more than its scopes, which are",
        "capabilities. A machine account has only the capabilities marked for machines, whatever",
        "roles it holds. Being Django's superuser opens nothing.",
        "",
        "## Capabilities",
        "",
        *_table(["capability", "roles", "machines"], capabilities),
        "",
        "## Roles",
        "",
        *_table(["role", "line of defence", "capabilities"], roles),
        "",
        "## Addresses",
        "",
        f"Below `{API}`. Without the capability the answer is 403 `not_permitted`; what lies out",
        "of scope is 404, like what does not exist.",
        "",
        *_table(["method", "address", "capability", "roles"], addresses),
    ]


def _holders(capability: Capability) -> str:
    holders = [role for role in Role if role in GRANTS[capability]]
    return "every role" if len(holders) == len(Role) else ", ".join(one.value for one in holders)


def _buttons(role: Role) -> str:
    return ", ".join(f"`{one.value}`" for one in Capability if role in GRANTS[one])


def _addresses() -> Iterator[tuple[str, str, Capability]]:
    for path, view in _views(get_resolver().url_patterns, "/"):
        for method, action in getattr(view, "actions", {}).items():
            if path.startswith(API) and method != "head":
                short = path.removeprefix(API).replace("<uuid:pk>", "{id}")
                yield method.upper(), short, view.cls.capabilities[action]


def _views(patterns: list[Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _views(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern):
            yield path, pattern.callback


def events() -> list[str]:
    """The kinds of entries that the code writes, and what reacts to each."""
    known = kinds()
    rows = [
        [
            f"`{kind}`",
            ", ".join(f"`{one}`" for one in sorted(known[kind])),
            _effects(kind, {*known}),
        ]
        for kind in sorted(known)
    ]
    effects = [
        [
            f"`{one.name}`",
            ", ".join(f"`{kind}`" for kind in sorted(one.kinds)),
            _sentence(one.effect),
        ]
        for one in reactions()
    ]
    return [
        "# Events",
        "",
        _GENERATED,
        "",
        "Every act enters what it changed in the ledger, in the same transaction. After the commit",
        "the dispatcher reads the ledger and runs the reactions. A `*` stands for a word that is",
        "chosen when the entry is written.",
        "",
        "## Kinds of entries",
        "",
        *_table(["kind", "written in", "reactions"], rows),
        "",
        "## Reactions",
        "",
        *_table(["reaction", "to", "what becomes true"], effects),
    ]


def kinds() -> dict[str, set[str]]:
    """Kind → the slices that write it, from the second argument of an act's verbs."""
    found: dict[str, set[str]] = defaultdict(set)
    root = Path(settings.BASE_DIR)
    for app in ("registry", "governance"):
        for path in sorted((root / app).rglob("*.py")):
            place = ".".join(path.relative_to(root).parts[:-1]).removesuffix(".services")
            for kind in _kinds_in(ast.parse(path.read_text(encoding="utf-8"))):
                found[kind].add(place)
    return dict(found)


def _kinds_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr in _VERBS and len(node.args) >= 2:
            kind = _pattern(node.args[1])
            if _KIND.match(kind):
                yield kind


def _pattern(node: ast.expr) -> str:
    """The text of a literal; a * for each part that is filled in."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        parts = [str(one.value) if isinstance(one, ast.Constant) else "*" for one in node.values]
        return "".join(parts)
    return ""


def _effects(kind: str, known: set[str]) -> str:
    """The reactions to the kind; a pattern stands for what is not listed by itself."""

    def means(told: str) -> bool:
        return told == kind or (told not in known and fnmatchcase(told, kind))

    names = [one.name for one in reactions() if any(means(told) for told in one.kinds)]
    return ", ".join(f"`{name}`" for name in names)


def _sentence(effect: object) -> str:
    return " ".join((effect.__doc__ or "").split("\n\n")[0].split())


def pack_schema() -> list[str]:
    """The files of a pack, field by field."""
    lines = [
        "# Policy packs",
        "",
        _GENERATED,
        "",
        "A pack is a folder of YAML files below `seeds/policy_packs`. Each slice owns its section.",
        "Unknown fields are refused. `manage.py load_packs --check` checks a folder.",
    ]
    for file, model in _files().items():
        schema = model.model_json_schema()
        lines += ["", f"## `{file}.yaml`", "", *_object(schema)]
        for name, inner in sorted(schema.get("$defs", {}).items()):
            if "properties" in inner:
                lines += ["", f"### {file}: {name}", "", *_object(inner)]
    return lines


def _files() -> dict[str, type[BaseModel]]:
    """File → its model: the section's own, or where it has several files, that field's."""
    found: dict[str, type[BaseModel]] = {"pack": Pack}
    for files, build in declared_sections().values():
        section = get_type_hints(build)["return"]
        for file in files:
            several = file in section.model_fields and len(files) > 1
            found[file] = section.model_fields[file].annotation if several else section
    return found


def _object(schema: dict[str, Any]) -> list[str]:
    wanted = set(schema.get("required", ()))
    rows = [
        [f"`{name}`", _type(field), "yes" if name in wanted else "", field.get("description", "")]
        for name, field in schema.get("properties", {}).items()
    ]
    about = " ".join(schema.get("description", "").split())
    table = _table(["field", "type", "required", "note"], rows)
    return [about, "", *table] if about else table


def _type(field: dict[str, Any]) -> str:
    """In words, with the limits."""
    if "$ref" in field:
        return str(field["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in field:
        return " or ".join(_type(one) for one in field["anyOf"])
    if "enum" in field or "const" in field:
        known = field.get("enum", [field.get("const")])
        return ", ".join(f"`{one}`" for one in known)
    kind = str(field.get("type", "any"))
    if kind == "array":
        return f"list of {_type(field.get('items', {}))}"
    if kind == "object" and isinstance(field.get("additionalProperties"), dict):
        return f"map to {_type(field['additionalProperties'])}"
    limits = [
        f"{word} {field[key]}"
        for key, word in (("minimum", "from"), ("maximum", "to"), ("pattern", "like"))
        if key in field
    ]
    return " ".join([kind, *(limit.replace("|", "\\|") for limit in limits)])
