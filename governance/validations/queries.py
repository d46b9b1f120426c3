"""Reading validations."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from governance.validations.models import Validation
from governance.validations.rules import Candidate
from registry.catalogue.queries import may_be_seen
from registry.core.people.models import User, UserKind
from registry.releases.models import Release


def visible_to(user: User) -> models.QuerySet[Validation]:
    """Validations of the releases the person may see, or has the duty to validate."""
    return Validation.objects.filter(
        may_be_seen(user, "release__model_use__model__") | Q(validator=user)
    )


def candidate(user: User, release: Release, validation: Validation | None = None) -> Candidate:
    """The person as independence sees them."""
    use = release.model_use
    developers = release.version.developers.filter(user=user) if release.version else None
    return Candidate(
        is_person=user.kind == UserKind.PERSON,
        is_technical_administrator=user.is_superuser,
        is_vendor_staff=user.is_vendor_staff,
        is_owner=user.pk in (use.model.owner_id, use.use_case.owner_id),
        is_developer=developers is not None and developers.exists(),
        is_validator=validation is not None and validation.validator_id == user.pk,
    )


def signed_off(release: Release) -> Validation | None:
    """The last validation of the release that was signed off."""
    return (
        Validation.objects.filter(release=release, state="signed_off")
        .select_related("validator", "signed_off_by")
        .order_by("-signed_off_at", "-pk")
        .first()
    )
