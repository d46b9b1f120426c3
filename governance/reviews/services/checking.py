"""Who carries a review out, who signs it, and how its rows are locked."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext as _

from governance.committees.queries import is_barred, is_interested
from governance.reviews import queries
from governance.reviews.models import Package, Review
from governance.reviews.queries import drilling
from governance.reviews.schema import Kind
from governance.suspensions.models import DrillReport
from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden, SegregationRefused
from registry.core.ledger import services as ledger
from registry.core.people.models import ROLE_LABELS, User, UserKind
from registry.core.people.queries import require_at, standing
from registry.core.people.rules import Capability, Role
from registry.releases import services as releases
from registry.releases.queries import check_reach

_BUILDERS = {Role.OWNER, Role.DEVELOPER}


def lock(review_id: uuid.UUID) -> Review:
    """The review, locked after its release and package: every verb locks in this order."""
    found = Review.objects.values_list("release_id", "package_id").get(pk=review_id)
    release = releases.lock(found[0]) if found[0] is not None else None
    package = lock_package(found[1])
    row = ledger.lock(Review.objects.select_related("pack"), review_id)
    row.package, row.release = package, release
    return row


def lock_package(package_id: uuid.UUID) -> Package:
    """The package, locked, with what nearly every verb needs."""
    return ledger.lock(queries.whole(Package.objects.all()), package_id)


def known_kind(kind: Kind | None, key: str, scope: str) -> Kind:
    """The kind, if there is one of that scope. Raises DomainError (`unknown_kind`)."""
    if kind is None or kind.scope != scope:
        raise DomainError(
            "unknown_kind",
            _("There is no review of the kind “%(key)s”.") % {"key": key},
            field="kind",
            status=400,
        )
    return kind


def kind_of(row: Review) -> Kind:
    """The kind as the policy in force when it was planned tells it."""
    kind = queries.section_of(row.pack).kind(row.kind)
    return known_kind(kind, row.kind, "institution" if row.release_id is None else "release")


def check_place(actor: User, capability: Capability, row: Package) -> None:
    """The button exists for the person where the package belongs. Raises Forbidden."""
    if row.release is not None:
        check_reach(actor, capability, row.release)
    else:
        require_at(actor, capability, row.entity)


def check_lead(actor: User, row: Review, kind: Kind) -> None:
    """The person carries this kind out there. Raises Forbidden, SegregationRefused."""
    check_place(actor, Capability.REVIEW, row.package)
    release = row.release
    roles = standing(actor).roles_at(row.package.entity.path) & set(kind.lead)
    if release is not None and actor.pk == release.model_use.model.owner_id:
        roles |= standing(actor).role_set & set(kind.lead) & {Role.OWNER}
    elif roles == {Role.OWNER}:
        roles = frozenset()  # owners of other models
    if not roles or actor.kind != UserKind.PERSON:
        raise Forbidden(
            "not_yours_to_review",
            _("This review is carried out by: %(roles)s.")
            % {"roles": _(", ").join(str(ROLE_LABELS[role]) for role in kind.lead)},
        )
    if release is not None and not roles & _BUILDERS and is_interested(actor, release):
        raise SegregationRefused(
            "interested_person",
            _("Whoever owns or built the model does not carry out an independent review of it."),
        )


def check_explains(actor: User, row: Review) -> None:
    """The person may write into the open explainability review.

    Raises DomainError (`explains_nothing`), Conflict (`handed_in_already`), what check_lead raises.
    """
    kind = kind_of(row)
    if not kind.explains:
        raise DomainError(
            "explains_nothing", _("This kind of review asks for no explanation."), field="kind"
        )
    check_lead(actor, row, kind)
    if row.state != "planned":
        raise Conflict("handed_in_already", _("This review has been handed in."))


def check_signer(actor: User, row: Review, kind: Kind) -> None:
    """The person signs this kind there, and had no part in it. Raises SegregationRefused."""
    check_place(actor, Capability.SIGN_REVIEW, row.package)
    if actor.pk == row.submitted_by_id or actor.is_superuser or actor.kind != UserKind.PERSON:
        raise SegregationRefused(
            "own_signature", _("A review is signed off by another person than who did it.")
        )
    if row.release is not None and is_barred(actor.pk, row.release):
        raise own_model()
    if not standing(actor).has_at(row.package.entity.path, *kind.signs):
        raise Forbidden(
            "not_yours_to_sign",
            _("This review is signed off by: %(roles)s.")
            % {"roles": _(", ").join(str(ROLE_LABELS[role]) for role in kind.signs)},
        )


def drill_for(row: Review, kind: Kind) -> DrillReport | None:
    """The report that the review looks at, where its kind looks at drills.

    Raises Conflict (`drill_missing`).
    """
    if not kind.drills:
        return None
    found = drilling.report_for(row)
    if found is None:
        day = clock.local_day(drilling.wanted_since(row))
        raise Conflict(
            "drill_missing",
            _("There is no drill of this release since %(day)s with a countersigned report.")
            % {"day": day},
            field="drill_report",
            hint=_("Order a stop as a drill, lift it, write its report and have it countersigned."),
        )
    return found


def check_reason(text: str, field: str = "reason") -> None:
    """Raises DomainError where less than six letters are said."""
    if len(text.strip()) < 6:
        raise DomainError("text_needed", _("Describe this in at least 6 characters."), field=field)


def own_model() -> SegregationRefused:
    """The refusal of whoever is interested in the release."""
    return SegregationRefused(
        "interested_person",
        _("Whoever owns, built or validated the model does not decide on its reviews."),
    )
