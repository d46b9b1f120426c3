"""docs/reference says what the code does."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from registry.core.dispatch.services import reactions
from registry.core.ledger.models import Entry
from registry.management.commands import write_reference
from tests import story
from tests.rest.actions import actions


def test_the_reference_is_not_stale() -> None:
    call_command("write_reference", check=True)


def test_it_is_written_whole_and_found_stale_when_changed(
    settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = write_reference.pages()
    monkeypatch.setattr(write_reference, "pages", lambda: told)
    settings.BASE_DIR = tmp_path
    with pytest.raises(CommandError, match="events.md"):
        call_command("write_reference", check=True)
    call_command("write_reference")
    call_command("write_reference", check=True)
    (tmp_path / "docs" / "reference" / "permissions.md").write_text("old")
    with pytest.raises(CommandError, match="^stale: permissions.md;"):
        call_command("write_reference", check=True)


def test_every_address_and_capability_is_listed() -> None:
    text = write_reference.pages()["permissions.md"]
    for action in actions():
        assert action.capability is not None
        row = f"| {action.method} | `{action.path}` | `{action.capability.value}` |"
        assert row in text, action.label


@pytest.mark.django_db
def test_every_kind_in_a_real_ledger_is_listed() -> None:
    story.to_production(story.register())
    known = write_reference.kinds()
    met = set(Entry.objects.values_list("kind", flat=True).distinct())
    assert {kind for kind in met if not any(fnmatchcase(kind, one) for one in known)} == set()
    assert len(met) > 30


def test_every_reaction_reacts_to_kinds_that_are_written() -> None:
    known = write_reference.kinds()
    for reaction in reactions():
        for kind in reaction.kinds:
            assert any(fnmatchcase(kind, one) for one in known), (reaction.name, kind)
