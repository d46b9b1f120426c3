"""Hugging Face: a README.md whose front matter machines read and whose body people read. Pure.

Holds every field of the card. What the hub has no key for stands under the key `mingce`; what is
written in sentences stands in the body under the template's headings, one line each (`held`: runs
of blanks become one).
"""

from __future__ import annotations

import dataclasses
import html
import re
from collections.abc import Iterable
from typing import Any

import yaml
from yaml.composer import Composer

from governance.cards.rules.card import HINTS, LICENCES, Card, Dataset, Figure
from governance.cards.rules.reading import (
    MOST_BYTES,
    Node,
    as_field,
    check,
    not_read,
    number,
    told,
    too_large,
    too_much,
    wrong_kind,
)

Json = dict[str, Any]  # Any: JSON
_FENCE = re.compile(r"\A\ufeff?---\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)(.*)\Z", re.DOTALL)
_HEADING = re.compile(r"#{1,6}(?:[ \t]|\Z)")
MOST_FRONT = 400_000  # letters of the front matter
MOST_NODES = 60_000  # values and keys in it
MOST_LINES = 20_000  # of the body
# The template's headings → the fields whose lines stand under them.
SECTIONS = {
    "Model Description": "overview",
    "Intended Users": "users",
    "Direct Use": "use_cases",
    "Out-of-Scope Use": "prohibited_uses",
    "Affected People": "affected",
    "Limitations": "limitations",
    "Tradeoffs": "tradeoffs",
    "Explainability": "explanation",
}
# What other authors call the same.
OTHERWISE = {
    "intended use": "use_cases",
    "intended uses": "use_cases",
    "uses": "use_cases",
    "out-of-scope uses": "prohibited_uses",
    "bias, risks, and limitations": "limitations",
    "limitations and bias": "limitations",
    "known limitations": "limitations",
    "model summary": "overview",
}
_TITLES = {name.lower(): field for name, field in SECTIONS.items()} | OTHERWISE
_NATIVE = frozenset({"name", "task", "library", "techniques", "base_models", "figures"})
_LINES = ("users", "use_cases", "prohibited_uses", "affected", "limitations", "tradeoffs")


def held(card: Card) -> Card:
    """The card as it comes back: sentences of the body with single blanks."""
    lines: Json = {name: tuple(_clean(getattr(card, name))) for name in _LINES}
    return dataclasses.replace(
        card, overview=_line(card.overview), explanation=_line(card.explanation), **lines
    )


def _clean(texts: Iterable[str]) -> list[str]:
    return [line for text in texts if (line := _line(text))]


def _line(text: str) -> str:
    return " ".join(text.split())


def write(card: Card) -> str:
    """The whole file."""
    front = yaml.dump(
        _front(card), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=1_000_000
    )
    return f"---\n{front}---\n\n{_body(card)}"


class _Dumper(yaml.SafeDumper):
    """Writes the same thing twice rather than an alias: aliases are not read."""

    def ignore_aliases(self, data: Any) -> bool:  # Any: PyYAML's signature
        """Always."""
        return True


def _front(card: Card) -> Json:
    names = [one.name for one in card.datasets]
    front: Json = {
        **_licences(card.licences),
        "library_name": card.library,
        "pipeline_tag": card.task,
        "tags": list(card.techniques),
        "datasets": names,
        "base_model": list(card.base_models),
        "model-index": _index(card),
        "mingce": _ours(card),
    }
    return {name: value for name, value in front.items() if value}


def _ours(card: Card) -> Json:
    """What has no key of its own at the hub, and what its keys would lose."""
    every = told(card)
    dropped = _NATIVE | set(SECTIONS.values())
    if card.datasets == tuple(Dataset(one.name) for one in card.datasets):
        dropped |= {"datasets"}
    if card.licences == _licences_of(Node(_licences(card.licences))):
        dropped |= {"licences"}
    if not card.figures:
        dropped -= {"name"}
    return {name: value for name, value in every.items() if name not in dropped}


def _licences(licences: tuple[str, ...]) -> Json:
    """The hub's own words: small letters, and `other` with a name."""
    if not licences:
        return {}
    if all(one in LICENCES.values() for one in licences):
        small = [one.lower() for one in licences]
        return {"license": small if len(small) > 1 else small[0]}
    return {"license": "other", "license_name": ", ".join(licences)}


def _index(card: Card) -> list[Json]:
    """The hub's index takes results that name their task and data set; ours are of slices."""
    if not card.figures:
        return []
    return [{"name": card.name, "results": [_result(card, one) for one in card.figures]}]


def _result(card: Card, one: Figure) -> Json:
    metric: Json = {"type": one.name, "value": number(one.value)}
    bounds = {"lower": one.lower, "upper": one.upper}
    if kept := {name: value for name, value in bounds.items() if value}:
        metric["args"] = kept
    dataset = {"type": "slice", "name": one.slice} if one.slice else {"type": "all", "name": "all"}
    return {"task": {"type": card.task or "other"}, "dataset": dataset, "metrics": [metric]}


def _body(card: Card) -> str:
    parts = [f"# {_shown(card.name)}\n"]
    for heading, name in SECTIONS.items():
        value = getattr(card, name)
        lines = _clean([value] if isinstance(value, str) else value)
        if not lines:
            continue
        if isinstance(value, str):
            parts.append(f"## {heading}\n\n{_shown(lines[0])}\n")
        else:
            parts.append(f"## {heading}\n\n" + "".join(f"- {_shown(one)}\n" for one in lines))
    return "\n".join(parts)


def _shown(text: str) -> str:
    """No text is taken for markup: neither as HTML nor as the beginning of a list or heading."""
    safe = html.escape(_line(text), quote=False)
    return f"\\{safe}" if safe[:1] in "#-*+>=\\`|~_[" and safe else safe


def _unshown(text: str) -> str:
    return html.unescape(text[1:] if text.startswith("\\") else text)


def read(content: bytes) -> Card:
    """The card that the file tells. Raises DomainError."""
    front, lines = _parts(content)
    ours, index = front.at("mingce"), front.at("model-index").each()
    found: Json = {
        "name": _name(index, lines),
        "licences": _licences_of(front),
        "library": front.at("library_name").text(),
        "task": front.at("pipeline_tag").text(),
        "techniques": front.at("tags").texts(),
        "datasets": tuple(Dataset(name) for name in front.at("datasets").texts()),
        "base_models": front.at("base_model").texts(),
        "figures": tuple(one for row in index for one in _figures(row)),
        "language": ours.at("language").text(),
    }
    found |= _sections(lines)
    for field in dataclasses.fields(Card):
        if inner := ours.at(field.name):
            found[field.name] = as_field(inner, HINTS[field.name])
    return Card(**found)


def _parts(content: bytes) -> tuple[Node, list[str]]:
    """The front matter, and the lines of the body."""
    if len(content) > MOST_BYTES:
        raise too_large()
    try:
        text = content.decode()
        match = _FENCE.match(text)
        if match is not None and len(match.group(1)) > MOST_FRONT:
            raise too_much("---", MOST_FRONT)
        front = yaml.load(match.group(1), Loader=_Loader) if match else {}  # noqa: S506 (safe)
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise not_read(error) from error
    if match is None:
        raise wrong_kind("---", "front matter between two lines of ---")
    if not isinstance(front, dict):
        raise wrong_kind("---", "object")
    check(front)
    lines = match.group(2).splitlines()
    if len(lines) > MOST_LINES:
        raise too_much("README.md", MOST_LINES)
    return Node(front), lines


class _Loader(Composer, yaml.CBaseLoader):
    """Every value is a text, as it is written; no aliases: nothing grows when it is read.

    libyaml reads the text; only its own composer takes no orders.
    """

    def __init__(self, text: str) -> None:
        yaml.CBaseLoader.__init__(self, text)
        Composer.__init__(self)
        self._nodes = 0

    def compose_node(self, parent: Any, index: Any) -> Any:  # Any: PyYAML's signature
        """Refuses an alias, and more values than anybody reads."""
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.YAMLError("aliases are not read")
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise yaml.YAMLError(f"more than {MOST_NODES} values")
        return super().compose_node(parent, index)


def _licences_of(front: Node) -> tuple[str, ...]:
    texts = front.at("license").texts()
    if texts == ("other",):
        name = front.at("license_name").text()
        return (name,) if name else texts
    return tuple(LICENCES.get(one, one) for one in texts)


def _name(index: list[Node], lines: list[str]) -> str:
    if index and (name := index[0].at("name").text()):
        return name
    for line in lines:
        if line.startswith("# "):
            name = _unshown(line[2:].strip())
            check(name, "#")
            return Node(name, "#").text()
    return ""


def _figures(row: Node) -> list[Figure]:
    found = []
    for result in row.at("results").each():
        dataset = result.at("dataset")
        name = dataset.at("name").text() or dataset.at("type").text()
        part = "" if dataset.at("type").text() == "all" else name
        for metric in result.at("metrics").each():
            kind = metric.at("type").text() or metric.at("name").text()
            arguments = metric.at("args")
            bounds = arguments if isinstance(arguments.value, dict) else Node(None)
            found.append(
                Figure(
                    kind,
                    metric.at("value").text(),
                    part,
                    bounds.at("lower").text(),
                    bounds.at("upper").text(),
                )  # fmt: skip
            )
    return found


def _sections(lines: list[str]) -> Json:
    """The known headings' lines: each item of a list by itself, else each paragraph.

    They are bounded as every text and every list is.
    """
    found: dict[str, list[list[str]]] = {}
    current: list[list[str]] | None = None
    for line in lines:
        if heading := _HEADING.match(line):
            field = _TITLES.get(line[heading.end() :].strip().lower())
            current = found.setdefault(field, []) if field else None
        elif current is not None:
            _take(current, line)
    return {name: _bounded(name, paragraphs) for name, paragraphs in found.items()}


def _bounded(name: str, paragraphs: list[list[str]]) -> str | tuple[str, ...]:
    texts = _clean(" ".join(lines) for lines in paragraphs)
    check(texts, name)
    if HINTS[name] is str:
        return Node(" ".join(texts), name).text()
    return Node(texts, name).texts()


def _take(current: list[list[str]], line: str) -> None:
    """The line begins a text, goes on with the one before, or ends it (an empty one)."""
    text = line.strip()
    if text.startswith(("- ", "* ")):
        current.append([_unshown(text[2:].strip())])
    elif text and current:
        current[-1].append(_unshown(text))
    elif text:
        current.append([_unshown(text)])
    else:
        current.append([])
