"""The base of every section of a policy pack: labels, sources, rules, and how YAML is read."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from yaml.composer import Composer

from registry.core.policy.rules import PolicyError, Rule, compile_rule, require_declared

Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=64)]
RuleId = Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,3}-[0-9]{2}[a-z]?$")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Tag = Literal["verified", "secondary", "recalled", "own_design"]


class PolicyModel(BaseModel):
    """Frozen, strict about its fields: a misspelt key is an error, never a silent default."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Model = TypeVar("Model", bound=PolicyModel)


class Label(PolicyModel):
    """The words that people see, in both languages; neither may be empty."""

    zh: Words
    en: Words


class Source(PolicyModel):
    """The clause a rule comes from, and how sure we are of it (`regulations.md` section 0)."""

    ref: Words
    tag: Tag


class RuleSpec(PolicyModel):
    """A rule as written: CEL clauses under when / all / any / unless."""

    when: tuple[Words, ...] = ()
    all: tuple[Words, ...] = ()
    any: tuple[Words, ...] = ()
    unless: tuple[Words, ...] = ()

    @cached_property
    def compiled(self) -> Rule:
        """The rule, ready to evaluate. Raises PolicyError for a clause that breaks the linter."""
        return compile_rule(self.when, self.all, self.any, self.unless)

    def lint(self, where: str, declared: Collection[str]) -> None:
        """Compile, and check that only declared names are read. PolicyError begins with `where`."""
        try:
            require_declared(self.compiled, declared)
        except PolicyError as error:
            raise PolicyError(f"{where}: {error}") from error


class Pack(PolicyModel):
    """`pack.yaml`: what the pack is. Its sections are the files beside it."""

    key: Key
    version: Annotated[str, StringConstraints(pattern=r"^[0-9]+\.[0-9]+$")]
    label: Label
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]


MOST_BYTES = 1024 * 1024  # twenty times the largest file of the shipped packs
MOST_DIGITS = 100
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


class _LinedMapping(dict[str, Any]):  # Any: YAML values, typed by pydantic right after
    """A mapping that remembers the line on which each of its keys stands."""

    lines: dict[str, int]


class _Loader(Composer, yaml.CSafeLoader):
    """Safe loading that also refuses duplicate keys and aliases, and keeps line numbers.

    An alias stands for a copy: nine levels of ten aliases each are a thousand million values.
    libyaml reads the text, seven times as fast as Python; only its own composer takes no orders.
    """

    def __init__(self, text: str) -> None:
        yaml.CSafeLoader.__init__(self, text)
        Composer.__init__(self)

    def compose_node(
        self, parent: yaml.Node | None, index: Any
    ) -> yaml.Node | None:  # Any: as PyYAML
        """The node. Raises MarkedYAMLError where it is an alias, or anchored to be one."""
        event: Any = self.peek_event()  # Any: PyYAML's, or libyaml's of the same shape
        if getattr(event, "anchor", None) is not None:  # an alias names its anchor as well
            problem = "anchors and aliases (& and *) are not read; write the value out"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)
        return super().compose_node(parent, index)

    def construct_scalar(self, node: Any) -> Any:  # Any: as PyYAML
        """The text. Raises MarkedYAMLError for a number without end: 1:1:1… has the base 60."""
        if node.tag in _NUMBERS and len(node.value) > MOST_DIGITS:
            problem = f"a number has at most {MOST_DIGITS} digits"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
        return super().construct_scalar(node)


def _mapping(loader: _Loader, node: yaml.MappingNode) -> _LinedMapping:
    own: set[str] = set()
    for key_node, _ in node.value:
        mark = key_node.start_mark
        if key_node.tag != "tag:yaml.org,2002:str":
            problem = f"the key {key_node.value!r} is not text"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark)
        if key_node.value in own:
            problem = f"duplicate key {key_node.value!r}"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark)
        own.add(key_node.value)
    mapping = _LinedMapping()
    mapping.lines = {key.value: key.start_mark.line + 1 for key, _ in node.value}
    for key_node, value_node in node.value:
        mapping[key_node.value] = loader.construct_object(value_node, deep=True)
    return mapping


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def parse_yaml(text: str, name: str) -> Any:  # Any: whatever the YAML holds; callers validate
    """Parse YAML safely. Raises PolicyError `name:line: problem` (bad syntax, duplicate key)."""
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506  # a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise PolicyError(f"{name}:{line}: {error.problem or error.context}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise PolicyError(f"{name}:1: not readable as YAML: {error}") from error


def load_yaml(path: Path) -> Any:  # Any: see parse_yaml
    """Read one file of a pack. Raises PolicyError with file and line, also if it is missing."""
    try:
        with path.open("rb") as file:
            text = read_bounded(file, path.name).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path.name}:1: cannot be read as UTF-8 text") from error
    return parse_yaml(text, path.name)


def read_bounded(file: BinaryIO, name: str) -> bytes:
    """What the file holds. Raises PolicyError for one that is too large, without reading it all."""
    found = file.read(MOST_BYTES + 1)
    if len(found) > MOST_BYTES:
        raise PolicyError(f"{name}:1: larger than {MOST_BYTES:,} bytes")
    return found


def validate(model: type[Model], data: object, name: str) -> Model:
    """Type one parsed file. The first problem is a PolicyError `name:line: where: problem`."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"]) or "the file"
        line = _line_of(data, first["loc"])
        raise PolicyError(f"{name}:{line}: {where}: {first['msg']}") from error
    except PolicyError as error:
        raise PolicyError(f"{name}: {error}") from error


def _line_of(data: object, path: tuple[int | str, ...]) -> int:
    line = 1
    for step in path:
        if isinstance(data, _LinedMapping) and step in data:
            line = data.lines[str(step)]
            data = data[str(step)]
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
            if isinstance(data, _LinedMapping) and data.lines:
                line = min(data.lines.values())
    return line
