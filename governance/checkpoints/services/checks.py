"""What holds before somebody deals with a case: it waits, they are able, and look at it."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import connection
from django.utils.translation import gettext as _

from governance.checkpoints import queries
from governance.checkpoints.models import Case
from governance.checkpoints.models.cases import WAITING
from governance.checkpoints.schema import Checkpoint
from registry.core.errors import Conflict, Forbidden, SegregationRefused
from registry.core.ledger import services as ledger
from registry.core.people import queries as people
from registry.core.people.models import ROLE_LABELS, User
from registry.core.people.rules import Capability

NOTHING_ASKED = {
    "question": "", "asked_by": None, "asked_at": None,
    "reply": "", "replied_by": None, "replied_at": None,
}  # fmt: skip
LAID_BACK = {"viewed_by": None, "viewed_at": None, "own_view": "", "own_view_at": None}


def asking(row: Case) -> str:
    """What the tasks about the case's questions are known by."""
    return f"case:{row.pk}:asked"


def locked(case_id: uuid.UUID) -> Case:
    """The case, kept still until the act ends. Raises NotFound."""
    return ledger.lock(queries.whole(Case.objects.all()), case_id)


def check_waiting(row: Case) -> None:
    """Raises Conflict (`case_closed`) where nobody waits for a person any more."""
    if row.state not in WAITING:
        raise Conflict(
            "case_closed",
            _("This case is closed: %(state)s.") % {"state": row.get_state_display()},
        )


def check_able(actor: User, row: Case, checkpoint: Checkpoint) -> None:
    """By role, competence and load; and without an interest in what decided."""
    place = row.release.model_use.entity
    people.require_at(actor, Capability.DECIDE_CASES, place)
    if not people.standing(actor).has_at(place.path, *checkpoint.roles):
        raise Forbidden(
            "not_yours_to_decide",
            _("Cases of this checkpoint are decided by: %(roles)s.")
            % {"roles": _(", ").join(str(ROLE_LABELS[role]) for role in checkpoint.roles)},
        )
    if row.first_by_id == actor.pk:
        raise SegregationRefused("own_view", _("A second person decides; you gave the first view."))
    passed_on = queries.have_passed_on(actor).filter(subject_id=row.pk).exists()
    if passed_on or (row.about_id is not None and queries.have_dealt_with(actor, row)):
        raise SegregationRefused("own_view", _("You have decided this case already."))
    if _is_barred(actor, row):
        raise SegregationRefused(
            "own_model", _("Whoever owns, built or validated the model does not decide its cases.")
        )
    held = queries.competences(actor)
    known = queries.competence_in(held, checkpoint.competence, place.path)
    if known is None:
        raise Forbidden(
            "not_competent",
            _("No valid training for “%(competence)s” is recorded for you.")
            % {"competence": checkpoint.competence},
            hint=_("Your department head or model risk records it."),
        )
    if queries.decided_today(actor) >= known.daily_limit:
        raise Forbidden(
            "daily_limit",
            _("You have decided %(limit)s cases today; no more are given to you.")
            % {"limit": known.daily_limit},
        )


def _is_barred(actor: User, row: Case) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT mingce_is_barred(%s, %s)", [actor.pk, row.release_id])
        (barred,) = cursor.fetchone()
    return bool(barred)


def check_is_looking(actor: User, row: Case) -> dt.datetime:
    """Since when the actor has looked at the case. Raises Conflict where they do not."""
    if row.viewed_by_id != actor.pk or row.viewed_at is None:
        raise Conflict("case_not_taken", _("Open the case before you decide it."))
    return row.viewed_at
