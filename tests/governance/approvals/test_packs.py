"""A pack comes into force by two persons' signatures, which are spent by it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project

from governance.approvals import services as approvals
from registry.core.errors import Conflict, Forbidden, SegregationRefused
from registry.core.policy.models import PackRelease
from tests.refusals import changes, footprint, refused
from tests.world import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def newer(settings: Any, tmp_path: Path) -> PackRelease:
    """The shipped pack under a higher version, loaded and not in force."""
    source = Path(project.POLICY_PACKS_DIR) / "cn-nfra"
    shutil.copytree(source, tmp_path / "cn-nfra")
    pack = tmp_path / "cn-nfra" / "pack.yaml"
    pack.write_text(pack.read_text().replace('version: "1.7"', 'version: "1.8"'))
    settings.POLICY_PACKS_DIR = tmp_path
    approvals.load_packs()
    return PackRelease.objects.get(version="1.8")


def sign(pack: PackRelease, username: str, profile: str = "strict") -> PackRelease:
    return approvals.sign_activation(actor=person(username), release_id=pack.pk, profile=profile)


def in_force() -> list[str]:
    return list(PackRelease.objects.filter(state="active").values_list("version", flat=True))


def test_the_second_signature_puts_it_in_force(newer: PackRelease) -> None:
    before = footprint()
    sign(newer, "sun")
    assert (changes(before), in_force()) == ({"registry_entry": (1, 0)}, ["1.7"])
    sign(newer, "qian")
    assert in_force() == ["1.8"]
    with refused(Conflict, "pack_active"):
        sign(newer, "gao")


def test_one_person_does_not_sign_twice(newer: PackRelease) -> None:
    sign(newer, "sun")
    with refused(SegregationRefused, "own_signature"):
        sign(newer, "sun")
    assert in_force() == ["1.7"]


def test_signatures_for_another_profile_do_not_add_up(newer: PackRelease) -> None:
    sign(newer, "sun", "strict")
    sign(newer, "qian", "literal")
    assert in_force() == ["1.7"]


def test_signatures_are_spent_by_the_next_activation(newer: PackRelease) -> None:
    """Else one signature would be left over, and one person could put the pack in force again."""
    older = PackRelease.objects.get(version="1.7")
    sign(newer, "sun")
    sign(newer, "qian")
    sign(older, "gao")
    sign(older, "qian")
    assert in_force() == ["1.7"]
    sign(newer, "gao")
    assert in_force() == ["1.7"]
    sign(newer, "sun")
    assert in_force() == ["1.8"]


def test_who_does_not_manage_policy_does_not_sign(newer: PackRelease) -> None:
    with refused(Forbidden, "not_permitted"):
        sign(newer, "chen")
