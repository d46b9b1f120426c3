"""Readable reports: Markdown templates whose figures are looked up in the JSON documents.

`{{path.to.value|format}}` becomes one figure; a line `{{table path | heading=key:format | ...}}`
becomes a table with one line for each entry of the list. A path that does not exist is an error.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any  # documents are JSON

TEMPLATES = Path(__file__).resolve().parent / "templates"
FIGURE = re.compile(r"\{\{([\w.]+)(?:\|(\w+))?\}\}")
TABLE = re.compile(r"\{\{table ([\w.]+) \| (.+?)\}\}")


def render_all(documents: Mapping[str, Any]) -> dict[str, str]:
    """The text of every report, by name."""
    return {
        path.stem: render(path.read_text(encoding="utf-8"), documents)
        for path in sorted(TEMPLATES.glob("*.md"))
    }


def render(template: str, documents: Mapping[str, Any]) -> str:
    """The template with all tables and figures filled in."""
    with_tables = TABLE.sub(lambda m: table(look_up(documents, m[1]), m[2]), template)
    return FIGURE.sub(lambda m: shown(look_up(documents, m[1]), m[2] or "text"), with_tables)


def look_up(documents: Mapping[str, Any], path: str) -> Any:  # Any: a JSON value
    """The value at a dotted path; numbers are positions in a list."""
    value: Any = documents  # narrows step by step
    for step in path.split("."):
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


def table(entries: list[Mapping[str, Any]], specification: str) -> str:
    """A Markdown table; each column is `heading=key` or `heading=key:format`."""
    columns = []
    for column in specification.split(" | "):
        heading, _, source = column.strip().rpartition("=")
        key, _, form = source.partition(":")
        columns.append((heading, key, form or "text"))
    lines = [
        " | ".join(heading for heading, _, _ in columns),
        " | ".join("---" if form == "text" else "---:" for _, _, form in columns),
    ]
    lines += [" | ".join(shown(e[key], form) for _, key, form in columns) for e in entries]
    return "\n".join(f"| {line} |" for line in lines)


def shown(value: Any, form: str) -> str:  # Any: a JSON value
    """A value as people read it."""
    if value is None:
        return "–"
    match form:
        case "percent":
            return f"{100 * value:.1f}%"
        case "points":
            return f"{100 * value:+.1f}"
        case "two" | "three":
            return f"{value:.{2 if form == 'two' else 3}f}"
        case "signed":
            return f"{value:+.1f}"
        case "number":
            return f"{value:,}"
        case "text":
            return str(value)
    raise ValueError(f"unknown format {form!r}")
