"""Founding the institution, and putting policy packs in force."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from registry.core.errors import Conflict, DomainError, SegregationRefused
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.ledger.services import Actor
from registry.core.people import queries as people_queries
from registry.core.people import services as people
from registry.core.people.models import LegalEntity, User, UserKind
from registry.core.people.queries import require_everywhere
from registry.core.people.rules import Capability
from registry.core.people.services import NewPerson
from registry.core.policy import services as policy
from registry.core.policy.models import PackRelease, PackState
from registry.core.policy.queries import explain
from registry.core.policy.rules import PolicyError

PROFILES = ("strict", "literal")


def found(
    *,
    policy_document: str,
    entity_code: str,
    entity_name: str,
    administrators: Sequence[NewPerson],
    profile: str = "strict",
    entity_name_en: str = "",
) -> LegalEntity:
    """The institution exists and its first policy pack is in force: the founding act, once.

    The ledger shows for ever that this first activation rests on the policy document alone.
    """
    system = people_queries.system()
    with ledger.act(system):
        entity = people.found(
            policy_document=policy_document,
            entity_code=entity_code,
            entity_name=entity_name,
            entity_name_en=entity_name_en,
            administrators=administrators,
        )
        release = _load(system, Path(settings.POLICY_PACKS_DIR) / settings.POLICY_PACK)[0]
        activate_by_founding(actor=system, release=release, profile=profile)
    return entity


def load_packs(*, actor: Actor | None = None) -> list[tuple[PackRelease, bool]]:
    """Every pack in the packs' folder is loaded as a release; none is put in force by this."""
    folders = sorted(
        path for path in Path(settings.POLICY_PACKS_DIR).iterdir() if (path / "pack.yaml").exists()
    )
    return [_load(actor or people_queries.system(), folder) for folder in folders]


def activate_by_founding(*, actor: Actor, release: PackRelease, profile: str) -> PackRelease:
    """The first pack is in force; refused where one has been in force before."""
    if PackRelease.objects.filter(key=release.key).exclude(effective_from=None).exists():
        raise DomainError(
            "already_founded", _("A pack has been in force before; it needs an approval.")
        )
    with ledger.act(actor) as act:
        warrant = act.note(
            release,
            "pack.activation_granted",
            facts={"founding": True, "profile": profile},
            digest=release.sha256,
        )
        return policy.activate(
            actor=actor, release=release, profile=profile, warrant=warrant, retiring=None
        )


def sign_activation(*, actor: User, release_id: uuid.UUID, profile: str) -> PackRelease:
    """The actor has signed that the release shall be in force; the second signature does it.

    Two persons with the capability to manage policy, the loader not counted, are needed; the
    signatures stand in the ledger, are about this content and profile, and are spent by the next
    activation of any release of the pack.
    """
    require_everywhere(actor, Capability.MANAGE_POLICY)
    if profile not in PROFILES:
        raise DomainError("unknown_profile", _("Unknown profile."), field="profile", status=400)
    with ledger.act(actor) as act:
        release = ledger.lock(PackRelease.objects.all(), release_id)
        if release.state == PackState.ACTIVE:
            raise Conflict("pack_active", _("This release is in force already."))
        if actor.kind != UserKind.PERSON or actor.is_superuser:
            raise SegregationRefused(
                "own_signature", _("A technical administrator does not put policy in force.")
            )
        digest = ledger.digest({"pack": release.sha256, "profile": profile})
        signers = _signers(release, digest)
        if actor.pk in signers:
            raise SegregationRefused("own_signature", _("You have signed this already."))
        act.note(release, "pack.activation_signed", facts={"profile": profile}, digest=digest)
        return _activate(act, actor, release, profile) if signers else release


def _signers(release: PackRelease, digest: str) -> set[uuid.UUID]:
    """Who has signed this since a release of the pack was last put in force."""
    releases = PackRelease.objects.filter(key=release.key).values("pk")
    granted = Entry.objects.filter(kind="pack.activation_granted", subject_id__in=releases)
    last = granted.order_by("-seq").values_list("seq", flat=True).first() or 0
    signed = Entry.objects.filter(
        kind="pack.activation_signed", subject_id=release.pk, digest=digest, seq__gt=last
    )
    return set(signed.values_list("actor", flat=True))


def _activate(act: ledger.Act, actor: User, release: PackRelease, profile: str) -> PackRelease:
    warrant = act.note(
        release, "pack.activation_granted", facts={"profile": profile}, digest=release.sha256
    )
    former = PackRelease.objects.filter(key=release.key, state=PackState.ACTIVE).first()
    retiring = None
    if former is not None:
        retiring = act.note(former, "pack.activation_granted", digest=former.sha256)
    return policy.activate(
        actor=actor, release=release, profile=profile, warrant=warrant, retiring=retiring
    )


def _load(actor: Actor, folder: Path) -> tuple[PackRelease, bool]:
    try:
        return policy.load(actor=actor, directory=folder)
    except PolicyError as error:
        raise explain(error) from error
