"""What MLflow's protocol takes for names, aliases, keys of tags, numbers and stages. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from registry.core.errors import DomainError

STAGES = ("None", "Staging", "Production", "Archived")
RESERVED = "mingce."  # tags that Mingce alone writes
LONGEST: Mapping[str, int] = {
    "name": 256, "alias": 255, "key": 250, "value": 100_000, "description": 5_000,
    "source": 500, "run_link": 500, "run_id": 64, "model_id": 64,
}  # fmt: skip
MOST_TAGS = 100
MOST_OF_TAGS = 200_000  # characters, of all tags of one row together
_ALIAS = re.compile(r"[\w\-]+")
_VERSION_LIKE = re.compile(r"[vV]\d+")
_KEY = re.compile(r"[\w\-./: ]+")


def invalid(message: str, about: str, **params: object) -> DomainError:
    """The refusal of a value: INVALID_PARAMETER_VALUE."""
    return DomainError(
        "invalid_parameter_value", message, field=about, status=400, params=dict(params)
    )


def check_length(field: str, value: str) -> str:
    """The value. Raises DomainError where it is longer than the protocol allows."""
    most = LONGEST[field]
    if len(value) > most:
        raise invalid(
            "'%(field)s' has at most %(most)s characters; this one has %(has)s.", field,
            field=field, most=most, has=len(value),
        )  # fmt: skip
    return value


def check_name(name: str) -> str:
    """The registered name. Raises DomainError for a blank one, `/`, `:` or a relative path."""
    if not name.strip():
        raise invalid("A registered model's name must not be blank.", "name")
    if name != name.strip():
        raise invalid("A registered model's name neither begins nor ends with a blank.", "name")
    if "/" in name or ":" in name or name.strip() in {".", ".."}:
        raise invalid("Invalid model name '%(name)s': it holds no '/' and no ':'.", "name",
                      name=name)  # fmt: skip
    return check_length("name", name)


def check_alias(alias: str) -> str:
    """The alias. Raises DomainError for `latest`, for `v3`, and for strange characters."""
    check_length("alias", alias)
    if not _ALIAS.fullmatch(alias):
        raise invalid("Invalid alias '%(alias)s': letters, digits, '_' and '-' only.", "alias",
                      alias=alias)  # fmt: skip
    if alias.lower() == "latest":
        raise invalid("The alias 'latest' (in any case) is reserved.", "alias")
    if _VERSION_LIKE.fullmatch(alias):
        raise invalid("The alias '%(alias)s' is reserved: it reads like a version.", "alias",
                      alias=alias)  # fmt: skip
    return alias


def check_tag(key: str, value: str) -> None:
    """Raises DomainError for a key or value that no tag can have, or that Mingce alone writes."""
    check_length("key", key)
    parts = key.split("/")
    if not _KEY.fullmatch(key) or ".." in parts or key.startswith("/") or "" in parts:
        raise invalid("Invalid tag key '%(key)s': letters, digits and '_-./: ' only, and no"
                      " relative path.", "key", key=key)  # fmt: skip
    if key.startswith(RESERVED):
        raise DomainError(
            "reserved_tag", "Tags that begin with '%(prefix)s' are written by Mingce alone.",
            field="key", status=403, params={"prefix": RESERVED},
        )  # fmt: skip
    check_length("value", value)


def check_tags(tags: Mapping[str, str]) -> None:
    """Raises DomainError where one row would hold too many or too long tags."""
    size = sum(len(key) + len(value) for key, value in tags.items())
    if len(tags) > MOST_TAGS or size > MOST_OF_TAGS:
        raise invalid(
            "One object holds at most %(most)s tags of %(size)s characters together.", "tags",
            most=MOST_TAGS, size=MOST_OF_TAGS,
        )  # fmt: skip


def number_of(version: str) -> int:
    """The number of a version as the protocol tells it. Raises DomainError."""
    digits = version.removeprefix("-")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 9:
        raise invalid("The parameter 'version' must be an integer, not '%(version)s'.", "version",
                      version=version)  # fmt: skip
    return int(version)


def stage_of(stage: str) -> str:
    """The stage in its own spelling. Raises DomainError for another word."""
    found = next((one for one in STAGES if one.lower() == stage.lower()), None)
    if found is None:
        raise invalid(
            "Invalid Model Version stage: %(stage)s. It is one of %(stages)s.", "stage",
            stage=stage, stages=", ".join(STAGES),
        )  # fmt: skip
    return found


def check_source(source: str) -> str:
    """Where the files are. Raises DomainError for an empty one and for `..`."""
    check_length("source", source)
    if not source.strip():
        raise invalid("A version's source must not be blank.", "source")
    if ".." in re.split(r"[/\\]", source):
        raise invalid("A version's source holds no '..'.", "source")
    return source


_VERSION_OF = re.compile(r"models:/(?P<name>[^/:@]+)/0*(?P<number>\d{1,9})")


def version_named(source: str) -> tuple[str, int] | None:
    """Name and number, where the source is another version (`models:/name/number`)."""
    match = _VERSION_OF.fullmatch(source)
    return (match["name"], int(match["number"])) if match else None
