"""MLflow's search grammar: `clause (AND clause)*`, and orders. Pure: text in, clauses out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from governance.mlflow_compat.rules.naming import check_length, invalid

IS_PROMPT = "mlflow.prompt.is_prompt"
MOST_LETTERS = 10_000
MOST_PATTERN = 200  # letters of a pattern; each `%` of it costs a walk through every text
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>'(?:[^']|'')*'|"(?:[^"]|"")*")
    | (?P<key>[A-Za-z_][\w]*\.(?:`[^`]+`|"[^"]+"|[\w.\-/]+)|`[^`]+`)
    | (?P<number>-?\d+(?:\.\d+)?)(?![\w.])
    | (?P<word>[A-Za-z_][\w]*)
    | (?P<op><=|>=|!=|<>|=|<|>)
    | (?P<mark>[(),])
    )""",
    re.VERBOSE,
)
_TEXT_OPS = frozenset({"=", "!=", "LIKE", "ILIKE"})
_NUMBER_OPS = frozenset({"=", "!=", "<", "<=", ">", ">="})
_LIST_OPS = frozenset({"IN", "NOT IN"})


@dataclass(frozen=True)
class Clause:
    """One condition. kind: `attribute` or `tag`; a list of values for IN and NOT IN."""

    kind: str
    key: str
    op: str
    value: str | int | tuple[str, ...]


@dataclass(frozen=True)
class Grammar:
    """What one collection can be searched and ordered by.

    texts, numbers: attributes by their kind; lists: those that take IN; orders: word → attribute;
    usual: the order where none is asked for; last: what tells rows apart at the end.
    """

    texts: frozenset[str]
    numbers: frozenset[str]
    lists: frozenset[str]
    orders: Mapping[str, str]
    usual: tuple[tuple[str, bool], ...]
    last: tuple[tuple[str, bool], ...]


MODELS = Grammar(
    texts=frozenset({"name"}),
    numbers=frozenset(),
    lists=frozenset({"name"}),
    orders={
        "name": "name", "timestamp": "last_updated_timestamp",
        "last_updated_timestamp": "last_updated_timestamp",
    },
    usual=(("name", False),),
    last=(("name", False),),
)  # fmt: skip
VERSIONS = Grammar(
    texts=frozenset({"name", "run_id", "source_path"}),
    numbers=frozenset({"version_number"}),
    lists=frozenset({"name", "run_id"}),
    orders={
        "name": "name", "version_number": "version_number",
        "creation_timestamp": "creation_timestamp",
        "last_updated_timestamp": "last_updated_timestamp",
    },
    usual=(("last_updated_timestamp", True),),
    last=(("name", False), ("version_number", True)),
)  # fmt: skip


def clauses(text: str, grammar: Grammar) -> tuple[Clause, ...]:
    """The conditions of the filter. Raises DomainError naming what is not understood."""
    tokens = _tokens(text)
    if not tokens:
        return ()
    found = []
    while True:
        clause, tokens = _clause(tokens, grammar)
        found.append(clause)
        if not tokens:
            return tuple(found)
        (kind, joint), *tokens = tokens
        if kind != "word" or joint.upper() != "AND" or not tokens:
            raise _unknown(joint)


def is_prompt(tags: Mapping[str, object]) -> bool:
    """Whether MLflow keeps a prompt under the name, and no model."""
    return tags.get(IS_PROMPT) == "true"


def asks_for_prompts(found: tuple[Clause, ...]) -> bool:
    """Whether the filter asks for prompts; else they are left out of a search."""
    return any(one == Clause("tag", IS_PROMPT, "=", "true") for one in found)


def order(asked: tuple[str, ...], grammar: Grammar) -> tuple[tuple[str, bool], ...]:
    """Attributes, each with whether it falls; the last ones tell every row apart.

    Raises DomainError for an unknown word, and for one that stands twice.
    """
    found: list[tuple[str, bool]] = []
    for one in asked:
        word, _blank, direction = one.strip().partition(" ")
        plain = word.strip("`").removeprefix("attribute.").removeprefix("attributes.").strip("`")
        way = direction.strip().upper()
        if plain not in grammar.orders or way not in ("", "ASC", "DESC"):
            raise invalid(
                "Invalid order_by '%(one)s': one of %(words)s, with ASC or DESC.", "order_by",
                one=one[:100], words=", ".join(sorted(grammar.orders)),
            )  # fmt: skip
        if grammar.orders[plain] in [attribute for attribute, _falls in found]:
            raise invalid("order_by names '%(one)s' twice.", "order_by", one=plain)
        found.append((grammar.orders[plain], way == "DESC"))
    found = found or list(grammar.usual)
    given = [attribute for attribute, _falls in found]
    return (*found, *(one for one in grammar.last if one[0] not in given))


def _tokens(text: str) -> list[tuple[str, str]]:
    if len(text) > MOST_LETTERS:
        raise invalid("A filter has at most %(most)s characters.", "filter", most=MOST_LETTERS)
    found, position = [], 0
    text = text.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _unknown(text[position : position + 40])
        kind = match.lastgroup or ""
        found.append((kind, match.group(kind)))
        position = match.end()
    return found


def _clause(
    tokens: list[tuple[str, str]], grammar: Grammar
) -> tuple[Clause, list[tuple[str, str]]]:
    (kind, raw), *rest = tokens
    if kind not in ("word", "key"):
        raise _unknown(raw)
    about, key = _key(raw, grammar)
    op, rest = _operator(rest, raw)
    if op in _LIST_OPS:
        values, rest = _list(rest, raw)
        if about == "tag" or key not in grammar.lists:
            raise _bad_operator(op, key)
        return Clause(about, key, op, values), rest
    if not rest or rest[0][0] not in ("string", "number"):
        raise _unknown(raw)
    (shape, value), *rest = rest
    if about == "attribute" and key in grammar.numbers:
        if op not in _NUMBER_OPS:
            raise _bad_operator(op, key)
        return Clause(about, key, op, _integer(value, key)), rest
    if op not in _TEXT_OPS:
        raise _bad_operator(op, key)
    if shape != "string":
        raise invalid("The value of '%(key)s' stands in quotes.", "filter", key=key)
    plain = _unquoted(value)
    if op in ("LIKE", "ILIKE") and (len(plain) > MOST_PATTERN or plain.count("%") > 8):
        raise invalid("A pattern has at most %(most)s characters and 8 '%%'.", "filter",
                      most=MOST_PATTERN)  # fmt: skip
    return Clause(about, key, op, plain), rest


def _key(raw: str, grammar: Grammar) -> tuple[str, str]:
    prefix, dot, inner = ("", "", raw) if raw.startswith("`") else raw.partition(".")
    if not dot:
        prefix, inner = "attribute", raw
    inner = inner.strip('`"')
    if prefix.lower() in ("tag", "tags"):
        return "tag", check_length("key", inner)
    if prefix.lower() not in ("attribute", "attributes", "attr"):
        raise invalid("Invalid entity type '%(prefix)s': 'attribute' or 'tag'.", "filter",
                      prefix=prefix)  # fmt: skip
    known = grammar.texts | grammar.numbers
    if inner not in known:
        raise invalid("Invalid attribute key '%(key)s': one of %(known)s.", "filter",
                      key=inner, known=", ".join(sorted(known)))  # fmt: skip
    return "attribute", inner


def _operator(tokens: list[tuple[str, str]], raw: str) -> tuple[str, list[tuple[str, str]]]:
    if not tokens:
        raise _unknown(raw)
    (kind, text), *rest = tokens
    if kind == "op":
        return ("!=" if text == "<>" else text), rest
    word = text.upper()
    if kind == "word" and word in ("LIKE", "ILIKE", "IN"):
        return word, rest
    if kind == "word" and word == "NOT" and rest and rest[0][1].upper() == "IN":
        return "NOT IN", rest[1:]
    raise _unknown(text)


def _list(tokens: list[tuple[str, str]], raw: str) -> tuple[tuple[str, ...], list[tuple[str, str]]]:
    marks = [index for index, token in enumerate(tokens) if token == ("mark", ")")]
    if not tokens or tokens[0] != ("mark", "(") or not marks:
        raise _unknown(raw)
    inner, rest = tokens[1 : marks[0]], tokens[marks[0] + 1 :]
    values, commas = inner[::2], inner[1::2]
    is_list = bool(values) and len(values) == len(commas) + 1
    if (
        not is_list
        or any(kind != "string" for kind, _text in values)
        or any(token != ("mark", ",") for token in commas)
    ):
        raise invalid("The list of '%(key)s' holds quoted values, with commas between.", "filter",
                      key=raw)  # fmt: skip
    return tuple(_unquoted(text) for _kind, text in values), rest


def _integer(text: str, key: str) -> int:
    plain = _unquoted(text) if text[0] in "'\"" else text
    if not plain.removeprefix("-").isdigit() or not plain.isascii() or len(plain) > 10:
        raise invalid("The value of '%(key)s' must be an integer.", "filter", key=key)
    return int(plain)


def _unquoted(text: str) -> str:
    quote = text[0]
    return text[1:-1].replace(quote * 2, quote)


def _bad_operator(op: str, key: str) -> Exception:
    return invalid("The comparator '%(op)s' does not fit '%(key)s'.", "filter", op=op, key=key)


def _unknown(text: str) -> Exception:
    return invalid("Invalid clause(s) in filter string: %(text)s", "filter", text=text[:100])
