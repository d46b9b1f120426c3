"""Taking in training events."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from registry.core import clock
from registry.core.errors import Conflict
from registry.core.ledger import services as ledger
from registry.core.ledger.rules import canonical
from registry.core.people.models import User
from registry.core.people.queries import require, standing
from registry.core.people.rules import Capability
from registry.lineage import rules
from registry.lineage.models import TrainingEvent

MOST_FACETS = 32 * 1024  # letters of the facets' JSON, which stands in the entry too
MOST_NAMES, MOST_LETTERS = 100, 100  # of facets' names, where there is more of them


@dataclass(frozen=True)
class TakenIn:
    """What became of an event. event: None where it is not kept, for the `reason`.

    is_new: it had not been told before; warnings: what in it looks like personal data.
    """

    event: TrainingEvent | None
    is_new: bool = False
    reason: str = ""
    warnings: tuple[str, ...] = ()


def take_in(*, actor: User, event: dict[str, Any]) -> TakenIn:  # Any: JSON
    """The event is on record, once however often it is told; or it is none of a model's training.

    Each reporter tells for themselves: nobody's event stands in another's way. Raises DomainError
    where it can't be read, Conflict (`event_differs`) where the same reporter has told another
    event of this run, type and moment.
    """
    require(actor, Capability.REGISTER_VERSION)
    if not rules.is_run_event(event):
        return TakenIn(None, reason=_("Only events about runs are kept."))
    told = rules.read(event, clock.now())
    if told.event_type not in rules.KEPT:
        return TakenIn(None, reason=_("A run's heartbeat is not kept."))
    if not told.is_about_a_model:
        return TakenIn(None, reason=_("The run names no model, no MLflow run and no training."))
    whole = canonical(event)
    warnings = tuple(_warning(kind) for kind in rules.personal(whole))
    sha256 = hashlib.sha256(whole.encode()).hexdigest()
    known = _known(actor, told, sha256)
    if known is None:
        known, is_new = _record(actor, told, event, sha256)
        return TakenIn(known, is_new, warnings=warnings)
    return TakenIn(known, warnings=warnings)


def _warning(kind: str) -> str:
    return _("The event looks as if it held personal data (%(kind)s): pipelines leave it out.") % {
        "kind": {
            "email": _("e-mail address"),
            "mobile": _("mobile number"),
            "identity card": _("identity card number"),
        }[kind]
    }


def _known(actor: User, told: rules.Told, sha256: str) -> TrainingEvent | None:
    own = TrainingEvent.objects.filter(reported_by=actor, run_id=told.run_id)
    found = own.filter(event_type=told.event_type, event_at=told.event_at).first()
    if found is not None and found.sha256 != sha256:
        raise Conflict(
            "event_differs",
            _("Another event of this run, type and moment has been told already."),
            field="eventTime",
        )
    return found


def _record(
    actor: User,
    told: rules.Told,
    event: dict[str, Any],  # Any: JSON
    sha256: str,
) -> tuple[TrainingEvent, bool]:
    columns = {
        name: getattr(told, name)
        for name in (
            "run_id", "event_type", "event_at", "producer", "job_namespace", "job_name",
            "model_name", "model_version", "model_digest", "mlflow_run",
        )
    }  # fmt: skip
    row = TrainingEvent(
        **columns,
        inputs=[dataclasses.asdict(one) for one in told.inputs],
        facets=_facets(event),
        sha256=sha256,
        reach=sorted(_reach(actor)),
        reported_by=actor,
        reported_at=clock.now(),
    )
    try:
        with transaction.atomic(), ledger.act(actor) as act:
            return act.create(row, "training.reported"), True
    except IntegrityError:
        known = _known(actor, told, sha256)  # told twice at the same time
        if known is None:
            raise
        return known, False


def _facets(event: dict[str, Any]) -> str:  # Any: JSON
    """As canonical JSON; of too many, their names alone."""
    found = rules.facets_of(event)
    text = canonical(found)
    if len(text) <= MOST_FACETS:
        return text if found else ""
    return canonical({name: _names(facets) for name, facets in found.items()})


def _names(facets: dict[str, Any]) -> list[str]:  # Any: JSON
    return [name[:MOST_LETTERS] for name in sorted(facets)[:MOST_NAMES]]


def _reach(actor: User) -> set[str]:
    """The paths of the entities for whose models the actor may register versions."""
    held = standing(actor)
    return {path for _role, path in held.roles if held.may_at(Capability.REGISTER_VERSION, path)}
