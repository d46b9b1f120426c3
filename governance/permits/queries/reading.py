"""Whose permits somebody may see."""

from __future__ import annotations

from django.db import models

from governance.permits.models import BreakGlass, Permit, PermitKind, PermitUse
from registry.catalogue.queries import may_be_seen
from registry.core.people.models import User
from registry.core.people.queries import standing
from registry.core.people.rules import Role
from registry.releases.models import Release

# Besides whoever has asked for it, who may revoke a permit and hold one that breaks glass.
REVOKERS = (Role.MODEL_RISK, Role.MODEL_RISK_HEAD, Role.DUTY_OFFICER)


def visible_to(user: User) -> models.QuerySet[Permit]:
    """The permits for the models that the person may see."""
    return Permit.objects.filter(may_be_seen(user, "model_use__model__"))


def may_hold(user: User, row: Permit) -> bool:
    """Whether the person may have the signed paper: one that breaks glass is for whoever asked for
    it or gave it, model risk and the duty officer alone.
    """
    if row.kind != PermitKind.BREAK_GLASS or row.requested_by_id == user.pk:
        return True
    gave = BreakGlass.objects.filter(permit=row, answered_by=user)
    return standing(user).has_at(row.model_use.entity.path, *REVOKERS) or gave.exists()


def visible_break_glass(user: User) -> models.QuerySet[BreakGlass]:
    """The requests for break-glass permits for the models that the person may see."""
    return BreakGlass.objects.filter(may_be_seen(user, "model_use__model__"))


def visible_uses(user: User) -> models.QuerySet[PermitUse]:
    """What was reported of the permits that the person may see."""
    return PermitUse.objects.filter(may_be_seen(user, "permit__model_use__model__"))


def whole(queryset: models.QuerySet[Permit]) -> models.QuerySet[Permit]:
    """With what nearly every reader needs, in one statement."""
    return queryset.select_related(
        "release", "version", "requested_by", "revoked_by", "model_use__model",
        "model_use__use_case", "model_use__entity",
    )  # fmt: skip


def of_release(user: User, release: Release, most: int) -> list[Permit]:
    """The latest permits of the release, those that break glass for its use among them."""
    about = models.Q(release=release) | models.Q(model_use=release.model_use_id, release=None)
    return list(whole(visible_to(user)).filter(about).order_by("-issued_at", "-id")[:most])
