"""A pack's verbs: load a release, put it in force."""

from __future__ import annotations

import json
from pathlib import Path

from django.utils.translation import gettext as _

from registry.core import clock
from registry.core.errors import Conflict
from registry.core.ledger import services as ledger
from registry.core.ledger.services import Actor, Warrant
from registry.core.policy import queries
from registry.core.policy.models import PackRelease, PackState


def load(*, actor: Actor, directory: Path) -> tuple[PackRelease, bool]:
    """The folder's pack is a release (True where it is new). Raises PolicyError on a fault."""
    about, content = queries.read_pack(directory)
    sha256 = queries.pack_digest(about, content)
    with ledger.act(actor) as act:
        known = PackRelease.objects.filter(sha256=sha256).first()
        if known:
            return known, False
        version = about.version
        if PackRelease.objects.filter(key=about.key, version=version).exists():
            raise Conflict(
                "pack_version_taken",
                _("Release %(version)s of this pack exists with other content.")
                % {"version": version},
                field="version",
                hint=_("A changed pack needs a new version."),
            )
        release = PackRelease(
            key=about.key,
            version=version,
            sha256=sha256,
            content=json.dumps(content, ensure_ascii=False),
        )
        return act.create(release, "pack.loaded"), True


def activate(
    *, actor: Actor, release: PackRelease, profile: str, warrant: Warrant, retiring: Warrant | None
) -> PackRelease:
    """The release is in force from now on; the one before it is superseded (`retiring`)."""
    with ledger.act(actor) as act:
        rows = PackRelease.objects.select_for_update().filter(key=release.key).order_by("pk")
        by_id = {row.pk: row for row in rows}
        for row in by_id.values():
            if row.state == PackState.ACTIVE and row.pk != release.pk and retiring is not None:
                act.update(row, "pack.superseded", {"state": PackState.SUPERSEDED})
                act.spend(retiring, row)
        release = by_id[release.pk]
        changes = {
            "state": PackState.ACTIVE,
            "profile": profile,
            "effective_from": clock.now(),
        }
        act.update(release, "pack.activated", changes)
        act.spend(warrant, release)
        return release
