"""CEL clauses in three values: what a policy pack may say, and what it read to say it.

A clause passes, fails or is unknown. It is unknown where a value that decides it is missing, so
a gap in the record never looks like a "no". Pure: no Django, no clock, no I/O.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

import cel

MAX_EXPRESSION_CHARACTERS = 500
MAX_MACRO_DEPTH = 1
MAX_LIST_LENGTH = 1_000
MAX_REMEMBERED = 4_096  # outcomes that one rule keeps for coded values
FUNCTIONS = frozenset(
    {"bool", "contains", "double", "duration", "endsWith", "int", "matches", "size"}
    | {"startsWith", "string", "timestamp"}
)

# What the engine raises for a missing name, a missing key, a null or ill-typed operand, and a
# conversion that fails. Each means "cannot be decided from what is known".
_UNDECIDED = (RuntimeError, KeyError, TypeError, ValueError)
_LITERAL = re.compile(
    r"[rRbB]{0,2}(?:\"\"\".*?\"\"\"|'''.*?'''|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*')|//[^\n]*",
    re.DOTALL,
)
_MACRO = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(\s*([A-Za-z_]\w*)\s*,")
_PATH = re.compile(r"(?<![\w.])[A-Za-z_]\w*\b(?!\s*\()(?:\s*\.\s*[A-Za-z_]\w*\b(?!\s*\())*")
_WORDS = frozenset({"true", "false", "null", "in"})


class PolicyError(Exception):
    """A policy pack is wrong. The message names the file, the rule and the clause."""


class Outcome(StrEnum):
    """The three values of a clause or rule (Kleene's strong logic)."""

    PASS = "pass"  # noqa: S105 (a verdict)
    FAIL = "fail"
    UNKNOWN = "unknown"


_PASS, _FAIL, _UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN


def conjunction(outcomes: Iterable[Outcome]) -> Outcome:
    """Fail if any fails, else unknown if any is unknown, else pass. Nothing at all passes."""
    result = _PASS
    for outcome in outcomes:
        if outcome is _FAIL:
            return _FAIL
        if outcome is _UNKNOWN:
            result = _UNKNOWN
    return result


def disjunction(outcomes: Iterable[Outcome]) -> Outcome:
    """Pass if any passes, else unknown if any is unknown, else fail. Nothing at all fails."""
    result = _FAIL
    for outcome in outcomes:
        if outcome is _PASS:
            return _PASS
        if outcome is _UNKNOWN:
            result = _UNKNOWN
    return result


def negation(outcome: Outcome) -> Outcome:
    """Pass and fail change places; unknown stays unknown."""
    if outcome is _UNKNOWN:
        return _UNKNOWN
    return _FAIL if outcome is _PASS else _PASS


class Readings:
    """The values of one case, converted for the engine once, when a clause first needs them.

    A null is a missing value: the key is dropped, at any depth of a map, and a list with a null in
    it is dropped as a whole. A list of more than 1,000 elements is refused with PolicyError, since
    the engine has no limit on cost.

    `coded` says that the values are hashable and few (codes, levels, yes and no, tuples of codes)
    and that a name always has the same type. A rule then remembers what it decided for the values
    it reads. Never set it for payloads: a rule would keep them in memory.
    """

    __slots__ = ("_context", "coded", "values")

    def __init__(self, values: Mapping[str, object], *, coded: bool = False) -> None:
        self.coded = coded
        self._context: cel.Context | None = None
        if coded:
            self.values = {name: value for name, value in values.items() if value is not None}
            return
        self.values = {
            name: known
            for name, value in values.items()
            if (known := value if type(value) in _PLAIN else _without_nulls(name, value))
            is not None
        }

    @property
    def context(self) -> cel.Context:
        """The values as the engine holds them."""
        if self._context is None:
            self._context = cel.Context(self.values)
        return self._context

    def read(self, path: str) -> object:
        """The value at a dotted path, or None where it is missing."""
        value: object = self.values
        for key in path.split("."):
            if not isinstance(value, Mapping) or key not in value:
                return None
            value = value[key]
        return value


_PLAIN = frozenset({str, bool, int, float})


def _without_nulls(name: str, value: object) -> object:
    if isinstance(value, Mapping):
        kept = {key: _without_nulls(name, item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item is not None}
    if isinstance(value, list | tuple):
        if len(value) > MAX_LIST_LENGTH:
            raise PolicyError(f"{name}: a list of more than {MAX_LIST_LENGTH} elements")
        if value and type(value[0]) is str and None not in value:
            return value
        items = [_without_nulls(name, item) for item in value]
        return None if None in items else items
    return value


@dataclass(frozen=True, slots=True)
class ClauseReport:
    """One clause as it was evaluated: its text, its outcome, and each value that it read."""

    expression: str
    outcome: Outcome
    values: tuple[tuple[str, object], ...]


@dataclass(frozen=True, slots=True)
class Clause:
    """A linted, compiled CEL expression. Build it with `compile_clause`."""

    expression: str
    reads: tuple[str, ...]
    program: cel.Program = field(repr=False, compare=False)

    def evaluate(self, readings: Readings) -> Outcome:
        """Pass on true, fail on false, unknown where the known values do not decide it."""
        try:
            result = self.program.execute(readings.context)
        except _UNDECIDED:
            return _UNKNOWN
        if result is True:
            return _PASS
        return _FAIL if result is False else _UNKNOWN

    def report(self, readings: Readings) -> ClauseReport:
        """The outcome with the values read; a missing value is shown as None."""
        values = tuple((path, readings.read(path)) for path in self.reads)
        return ClauseReport(self.expression, self.evaluate(readings), values)


@dataclass(frozen=True, slots=True)
class RuleReport:
    """A rule as it was evaluated, clause by clause, under `when`, `all`, `any` and `unless`."""

    outcome: Outcome
    when: tuple[ClauseReport, ...] = ()
    all: tuple[ClauseReport, ...] = ()
    any: tuple[ClauseReport, ...] = ()
    unless: tuple[ClauseReport, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """Fires when all of `when` and of `all` pass, one of `any` does (if given), and no `unless`."""

    when: tuple[Clause, ...] = ()
    all: tuple[Clause, ...] = ()
    any: tuple[Clause, ...] = ()
    unless: tuple[Clause, ...] = ()
    _roots: tuple[str, ...] = field(init=False, repr=False, compare=False)
    _decided: dict[tuple[object, ...], RuleReport] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        roots = sorted({path.split(".")[0] for path in self.reads})
        object.__setattr__(self, "_roots", tuple(roots))

    def evaluate(self, readings: Readings) -> Outcome:
        """Whether the rule fires, in Kleene logic; stops at the first clause that settles it."""
        if not readings.coded:
            return self._outcome(readings)
        known = self._decided.get(tuple(map(readings.values.get, self._roots)))
        return (known or self._remember(readings)).outcome

    def report(self, readings: Readings) -> RuleReport:
        """The outcome with every clause evaluated, also those that did not decide it."""
        if not readings.coded:
            return self._report(readings)
        known = self._decided.get(tuple(map(readings.values.get, self._roots)))
        return known or self._remember(readings)

    def _remember(self, readings: Readings) -> RuleReport:
        """Decide from the names that this rule reads alone: converting the rest would cost more."""
        found = [readings.values.get(name) for name in self._roots]
        report = self._report(Readings(dict(zip(self._roots, found, strict=True))))
        if len(self._decided) >= MAX_REMEMBERED:
            self._decided.clear()
        self._decided[tuple(found)] = report
        return report

    def _outcome(self, readings: Readings) -> Outcome:
        result = conjunction(clause.evaluate(readings) for clause in (*self.when, *self.all))
        if result is not _FAIL and self.any:
            result = conjunction((result, disjunction(c.evaluate(readings) for c in self.any)))
        if result is not _FAIL and self.unless:
            blocked = disjunction(c.evaluate(readings) for c in self.unless)
            result = conjunction((result, negation(blocked)))
        return result

    def _report(self, readings: Readings) -> RuleReport:
        parts = (self.when, self.all, self.any, self.unless)
        when, every, some, unless = (tuple(c.report(readings) for c in part) for part in parts)
        result = conjunction(one.outcome for one in (*when, *every))
        if some:
            result = conjunction((result, disjunction(one.outcome for one in some)))
        blocked = disjunction(one.outcome for one in unless)
        return RuleReport(conjunction((result, negation(blocked))), when, every, some, unless)

    @property
    def reads(self) -> tuple[str, ...]:
        """Every dotted path that some clause reads, sorted."""
        clauses = (*self.when, *self.all, *self.any, *self.unless)
        return tuple(sorted({path for clause in clauses for path in clause.reads}))


@lru_cache(maxsize=4_096)
def compile_clause(expression: str) -> Clause:
    """Compile and lint one expression; the same text is compiled once.

    Raises PolicyError for a syntax error, more than 500 characters, a macro inside a macro, or a
    function outside `FUNCTIONS`. Names are checked apart, by `require_declared`, since each section
    declares its own. (A literal list of 1,000 elements cannot fit into 500 characters.)
    """
    if len(expression) > MAX_EXPRESSION_CHARACTERS:
        raise PolicyError(f"longer than {MAX_EXPRESSION_CHARACTERS} characters: {expression!r}")
    try:
        program = cel.compile(expression)
    except ValueError as error:
        raise PolicyError(f"not a CEL expression: {expression!r}") from error
    bare = _LITERAL.sub("''", expression)
    if _macro_depth(bare) > MAX_MACRO_DEPTH:
        raise PolicyError(f"a macro inside a macro: {expression!r}")
    named = {name for name in program.functions() if name[0].isalpha()}
    if foreign := sorted(named - FUNCTIONS):
        raise PolicyError(f"unknown function {foreign[0]!r}: {expression!r}")
    return Clause(expression, _paths(bare), program)


def compile_rule(
    when: Collection[str] = (),
    all: Collection[str] = (),  # the pack's own word
    any: Collection[str] = (),  # the pack's own word
    unless: Collection[str] = (),
) -> Rule:
    """Compile the four lists of a rule. A rule that would always fire is a PolicyError."""
    if not (when or all or any):
        raise PolicyError("a rule needs a clause under when, all or any")
    return Rule(*(tuple(map(compile_clause, part)) for part in (when, all, any, unless)))


def require_declared(rule: Rule, declared: Collection[str]) -> None:
    """Raise PolicyError if a clause reads a name outside `declared`, or binds one inside it."""
    for clause in (*rule.when, *rule.all, *rule.any, *rule.unless):
        bound = _bound_names(_LITERAL.sub("''", clause.expression))
        if hidden := sorted(bound & set(declared)):
            raise PolicyError(f"{hidden[0]!r} hides a declared name: {clause.expression!r}")
        for path in clause.reads:
            if path.split(".")[0] not in declared:
                raise PolicyError(f"undeclared name {path!r}: {clause.expression!r}")


def _bound_names(bare: str) -> set[str]:
    return {match.group(1) for match in _MACRO.finditer(bare)}


def _paths(bare: str) -> tuple[str, ...]:
    bound = _bound_names(bare)
    found = {re.sub(r"\s", "", match.group()) for match in _PATH.finditer(bare)}
    return tuple(sorted(p for p in found if p.split(".")[0] not in bound | _WORDS))


def _macro_depth(bare: str) -> int:
    """The deepest nesting of comprehension macros, counted by their parentheses."""
    opens = {match.group().rindex("(") + match.start() for match in _MACRO.finditer(bare)}
    stack: list[bool] = []
    deepest = 0
    for position, character in enumerate(bare):
        if character == "(":
            stack.append(position in opens)
            deepest = max(deepest, sum(stack))
        elif character == ")":
            stack.pop()
    return deepest
