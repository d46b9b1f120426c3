"""胜任资格: what reviewers are trained for is put on record, and ended."""

from __future__ import annotations

import datetime as dt
import uuid

from django.utils.translation import gettext as _

from governance.checkpoints import queries
from governance.checkpoints.models import Competence
from registry.core import clock
from registry.core.errors import Conflict, DomainError, SegregationRefused
from registry.core.ledger import services as ledger
from registry.core.people import queries as people
from registry.core.people.models import LegalEntity, User
from registry.core.people.rules import Capability

MOST_A_DAY = 1_000


def record_competence(
    *,
    actor: User,
    user: User,
    key: str,
    valid_to: dt.date,
    daily_limit: int,
    proof: str,
    entity: LegalEntity | None = None,
) -> Competence:
    """The reviewer is trained for it until the day, for so many cases a day.

    entity: where, with all below it; left out, the whole institution. The latest record of a
    competence is the one that counts. Raises Forbidden where the actor's role does not reach there.
    """
    place = entity or people.root_entity()
    assert place is not None  # noqa: S101 (people exist only in a founded institution)
    people.require_at(actor, Capability.RECORD_COMPETENCE, place)
    if actor.pk == user.pk or actor.is_superuser:
        raise SegregationRefused(
            "own_competence", _("Nobody records their own competence."), field="user"
        )
    if key not in queries.active_section().competences:
        raise DomainError("unknown_competence", _("Unknown competence."), field="key")
    if valid_to < clock.today():
        raise DomainError("day_past", _("This day has passed."), field="valid_to")
    if not 1 <= daily_limit <= MOST_A_DAY:
        raise DomainError("daily_limit", _("From 1 to 1,000 cases a day."), field="daily_limit")
    if not proof.strip():
        raise DomainError("proof_missing", _("Name the training record."), field="proof")
    row = Competence(
        user=user, key=key, entity=place, valid_from=clock.today(), valid_to=valid_to,
        daily_limit=daily_limit, recorded_by=actor, recorded_at=clock.now(), proof=proof,
    )  # fmt: skip
    with ledger.act(actor) as act:
        return act.create(row, "competence.recorded")


def end_competence(*, actor: User, competence_id: uuid.UUID, reason: str) -> Competence:
    """The reviewer decides no such cases there any more: earlier records of the same end with it.

    Raises Conflict where it has ended already.
    """
    if len(reason.strip()) < 2:
        raise DomainError("reason_needed", _("Say why, in a few words."), field="reason")
    with ledger.act(actor) as act:
        row = ledger.lock(Competence.objects.select_related("entity"), competence_id)
        place = row.entity or people.root_entity()
        assert place is not None  # noqa: S101 (see above)
        people.require_at(actor, Capability.RECORD_COMPETENCE, place)
        if actor.pk == row.user_id or actor.is_superuser:
            raise SegregationRefused("own_competence", _("Nobody ends their own competence."))
        if row.ended_at is not None:
            raise Conflict("ended_already", _("This competence has ended already."))
        ended = {"ended_at": clock.now(), "end_reason": reason.strip()}
        same = Competence.objects.filter(user=row.user_id, key=row.key, ended_at=None)
        for other in same.filter(entity=row.entity).exclude(pk=row.pk).select_for_update():
            act.update(other, "competence.ended", ended)
        return act.update(row, "competence.ended", ended)
