"""Revoking: by a person with a reason, or because the facts have ended the permit."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.utils.translation import gettext as _

from governance.permits import queries
from governance.permits.models import Permit, RevocationReason
from governance.permits.queries import REVOKERS
from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden
from registry.core.ledger import services as ledger
from registry.core.people.models import User
from registry.core.people.queries import require_scope, standing
from registry.core.people.rules import Capability


def revoke(*, actor: User, permit_id: uuid.UUID, reason: str) -> Permit:
    """The permit holds no more, and the list says so from now on.

    By whoever asked for it, model risk and the duty officer where it is used. Raises Forbidden
    (`not_your_permit`), Conflict (`revoked_already`, `permit_expired`).
    """
    if len(reason.strip()) < 2:
        raise DomainError("reason_needed", _("Say why, in a few words."), field="reason")
    require_scope(actor, Capability.REVOKE_PERMIT)
    with ledger.act(actor) as act:
        row = ledger.lock(queries.whole(Permit.objects.all()), permit_id)
        path = row.model_use.entity.path
        if row.requested_by_id != actor.pk and not standing(actor).has_at(path, *REVOKERS):
            raise Forbidden(
                "not_your_permit",
                _("A permit is revoked by whoever asked for it, model risk or the duty officer."),
            )
        if row.revoked_at is not None:
            raise Conflict("revoked_already", _("This permit has been revoked already."))
        if row.expires_at <= clock.now():
            raise Conflict("permit_expired", _("This permit has ended by itself already."))
        changes = {
            "revoked_at": max(clock.now(), row.issued_at),
            "revoked_by": actor,
            "revoked_because": RevocationReason.BY_HAND,
            "revoked_reason": reason,
        }
        return act.update(row, "permit.revoked", changes)


def revoke_ended(*, actor: User, permit_ids: Iterable[uuid.UUID]) -> int:
    """Those of the permits that the facts have ended are revoked on record; returns how many.

    The list has said so since the facts were there.
    """
    count = 0
    with ledger.act(actor) as act:
        rows = queries.whole(Permit.objects.filter(pk__in=list(permit_ids), revoked_at=None))
        locked = list(rows.select_for_update(of=("self",), no_key=True).order_by("pk"))
        ended = queries.causes([row for row in locked if queries.is_live(row)])
        for row in locked:
            cause = ended.get(row.pk)
            if cause is None:
                continue
            changes = {
                "revoked_at": max(cause.at or clock.now(), row.issued_at),
                "revoked_by": actor,
                "revoked_because": cause.because,
                "revoked_reason": cause.told,
            }
            act.update(row, "permit.revoked", changes)
            count += 1
    return count
