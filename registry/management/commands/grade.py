"""`manage.py grade FILE.yaml`: grade cases without a database, one JSON object a line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from registry.classification import rules
from registry.classification.schema import FACTOR_KEYS, ClassificationSection, load_section
from registry.core.policy.rules import PolicyError
from registry.core.policy.schema import parse_yaml, read_bounded

INVALID = 2
CASE_FIELDS = ("id", "classification", "factors", "facts")
ANSWERS = {"yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class Case:
    """One parsed case; `name` is its id, or its place in the file where the id is unusable."""

    name: str
    classification: dict[str, list[str]]
    factors: dict[str, int]
    facts: dict[str, bool | str]
    problems: list[str] = field(default_factory=list)


class Command(BaseCommand):
    """Parse, grade, print. Reads the pack's files; never touches the database."""

    help = "Grade the cases of a YAML file (or - for standard input) and print one JSON a line."
    requires_system_checks: list[str] = []  # Django's own way to switch checks off
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="a YAML list of cases, or - for standard input")
        parser.add_argument("--profile", choices=["strict", "literal"], help="default: the pack's")
        parser.add_argument("--pack", default=getattr(settings, "POLICY_PACK", "cn-nfra"))

    def handle(self, *args: Any, **options: Any) -> None:  # Any: Django's signature
        try:
            section = load_section(packs_directory() / options["pack"])
            cases = read_cases(section, options["file"])
        except PolicyError as error:
            raise CommandError(str(error), returncode=INVALID) from error
        if lines := [f"{case.name}: {text}" for case in cases for text in case.problems]:
            raise CommandError("\n".join(lines), returncode=INVALID)
        profile = options["profile"] or section.default_profile
        for case in cases:
            self.stdout.write(json.dumps(graded(section, case, profile), ensure_ascii=False))


def packs_directory() -> Path:
    """Where policy packs live: the setting, or seeds/policy_packs beside manage.py."""
    fallback = Path(__file__).resolve().parents[3] / "seeds" / "policy_packs"
    return Path(getattr(settings, "POLICY_PACKS_DIR", fallback))


def graded(section: ClassificationSection, case: Case, profile: str) -> dict[str, object]:
    """The printed result. A fact left out counts as its default, which is "no" for most."""
    result = rules.grade(
        section, case.classification, case.factors, case.facts, profile, assume_defaults=True
    )
    left_out = [key for key in section.codes if key not in case.classification]
    return {
        "id": case.name,
        "score": float(result.score),
        "tier_by_score": result.tier_by_score,
        "tier": result.tier,
        "floors": list(result.floor_ids),
        "flags": dict(result.flags),
        "near_threshold": result.near_threshold,
        "contributions": {key: float(points) for key, points in result.contributions.items()},
        "unknown": left_out,
        "contradictions": list(result.contradictions),
    }


def read_cases(section: ClassificationSection, file: str) -> list[Case]:
    """Every case of the file with its problems. Raises PolicyError if it is not a list of cases."""
    name = "standard input" if file == "-" else Path(file).name
    data = parse_yaml(_text(file, name), name)
    if data is None:
        raise PolicyError(f"{name}: the file is empty")
    if not isinstance(data, list):
        raise PolicyError(f"{name}: a list of cases is expected")
    if not data:
        raise PolicyError(f"{name}: the list of cases is empty")
    cases = [_case(section, number, entry) for number, entry in enumerate(data, start=1)]
    seen: set[str] = set()
    for case in cases:
        if case.name in seen:
            case.problems.append("id: used by an earlier case")
        seen.add(case.name)
    return cases


def _text(file: str, name: str) -> str:
    try:
        if file == "-":
            return read_bounded(sys.stdin.buffer, name).decode("utf-8-sig")
        with Path(file).open("rb") as source:
            return read_bounded(source, name).decode("utf-8-sig")
    except OSError as error:
        raise PolicyError(f"{name}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise PolicyError(f"{name}: not UTF-8 text") from error


def _case(section: ClassificationSection, number: int, entry: object) -> Case:
    if not isinstance(entry, dict):
        return Case(f"case {number}", {}, {}, {}, ["a case is a mapping of fields"])
    given = entry.get("id")
    usable = isinstance(given, str) and bool(given.strip())
    parts = {key: entry.get(key, {}) for key in ("classification", "factors", "facts")}
    found = list(_shape_problems(entry, usable=usable, parts=parts))
    typed = {key: part if isinstance(part, dict) else {} for key, part in parts.items()}
    case = Case(
        name=given if usable and isinstance(given, str) else f"case {number}",
        classification={key: _codes(key, value) for key, value in typed["classification"].items()},
        factors=typed["factors"],
        facts={key: _answer(value) for key, value in typed["facts"].items()},
        problems=found,
    )
    checked = rules.problems(section, case.classification, case.factors, case.facts)
    found.extend(f"{problem.field}: {problem.message}" for problem in checked)
    found.extend(f"facts.{key}: empty" for key, value in case.facts.items() if value is None)
    found.extend(f"factors.{key}: missing" for key in FACTOR_KEYS if key not in case.factors)
    return case


def _shape_problems(
    entry: dict[str, object], *, usable: bool, parts: dict[str, object]
) -> Iterator[str]:
    if "id" not in entry:
        yield "id: missing"
    elif not usable:
        yield f"id: text that is not empty is expected, not {entry['id']!r}"
    if "classification" not in entry:
        yield "classification: missing"
    for key in entry:
        if key not in CASE_FIELDS:
            yield f"{key}: unknown field"
    for key, part in parts.items():
        if not isinstance(part, dict):
            yield f"{key}: a mapping is expected, not {part!r}"


def _codes(dimension: str, value: Any) -> Any:  # Any: unchecked YAML; rules.problems types it
    """Unquoted yes and no of YAML are the codes `yes` and `no` of public_opinion_attribute."""
    if dimension != "public_opinion_attribute":
        return value
    if isinstance(value, list):
        return [_yes_no(item) for item in value]
    return _yes_no(value)


def _yes_no(value: Any) -> Any:  # Any: see _codes
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value


def _answer(value: Any) -> Any:  # Any: see _codes
    """The strings yes and no (any case) are booleans; everything else is left to be checked."""
    return ANSWERS.get(value.strip().lower(), value) if isinstance(value, str) else value
