"""Which pack is in force, and its sections as typed, immutable objects."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from registry.core.errors import Conflict, DomainError
from registry.core.ledger.rules import digest_of
from registry.core.policy.models import PackRelease
from registry.core.policy.rules import PolicyError
from registry.core.policy.schema import Pack, load_yaml, validate

Content = dict[str, Any]  # Any: the files of a pack, as JSON, by file name without its ending
Build = Callable[[Content], object]
_sections: dict[str, tuple[tuple[str, ...], Build]] = {}
_built: dict[tuple[str, str], object] = {}  # releases are immutable and few


def declare_section(name: str, files: tuple[str, ...], build: Build) -> None:
    """A slice owns these files of a pack and makes its section of them; declared at start.

    `build` raises PolicyError for content that is not right.
    """
    _sections[name] = (files, build)


def active_pack() -> PackRelease:
    """The release in force of the institution's main pack. Raises Conflict where there is none.

    Nearly everything asks for it: its content is left out, and the question's text is made once.
    """
    text, names = _question_of_active()
    with connection.cursor() as cursor:
        cursor.execute(text, (settings.POLICY_PACK.replace("-", "_"),))
        row = cursor.fetchone()
    if row is None:
        raise Conflict("no_policy", _("No policy pack is in force."), hint="manage.py found")
    pack: PackRelease = PackRelease.from_db("default", names, row)
    return pack


@cache
def _question_of_active() -> tuple[str, list[str]]:
    fields = [one for one in PackRelease._meta.concrete_fields if one.name != "content"]
    columns = ", ".join(str(one.column) for one in fields)
    text = f"SELECT {columns} FROM registry_packrelease WHERE key = %s AND state = 'active'"  # noqa: S608 (own columns)
    return text, [one.attname for one in fields]


def section(pack: PackRelease, name: str) -> object:
    """The section of that release, typed; built once per process and release."""
    known = _built.get((pack.sha256, name))
    if known is None:
        known = _sections[name][1](json.loads(pack.content))
        _built[pack.sha256, name] = known
    return known


def read_pack(directory: Path) -> tuple[Pack, Content]:
    """(what pack.yaml says, the other files) of a pack's folder, checked. Raises PolicyError."""
    about = validate(Pack, load_yaml(directory / "pack.yaml"), "pack.yaml")
    content: Content = {
        path.stem: load_yaml(path)
        for path in sorted(directory.glob("*.yaml"))
        if path.name != "pack.yaml"
    }
    owned = {file for files, _build in _sections.values() for file in files}
    for file in sorted(content.keys() ^ owned):
        known = "no slice knows this file" if file in content else "this file is missing"
        raise PolicyError(f"{directory.name}/{file}.yaml: {known}")
    for _files, build in _sections.values():
        build(content)
    return about, content


def pack_digest(about: Pack, content: Content) -> str:
    """What identifies a release."""
    return digest_of({"about": about.model_dump(), "content": content})


def explain(error: PolicyError) -> DomainError:
    """The fault in a pack as a refusal that the doors can present."""
    return DomainError("policy_fault", str(error), field="pack")


def visible_to(user: object) -> QuerySet[PackRelease]:
    """Policy is no secret inside the institution."""
    return PackRelease.objects.all()


def declared_sections() -> dict[str, tuple[tuple[str, ...], Build]]:
    """Every section with its files and what builds it (docs/reference is generated from it)."""
    return dict(sorted(_sections.items()))
