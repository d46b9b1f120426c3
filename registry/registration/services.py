"""Registration's verbs: a model with its first use, further uses, releases."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.utils.translation import gettext as _

from registry.catalogue import services as catalogue
from registry.catalogue.models import AIModel, ModelVersion
from registry.catalogue.services import NewModel
from registry.classification import services as classification
from registry.classification.models import Grade
from registry.classification.queries import Graded, Inputs
from registry.core.errors import DomainError
from registry.core.ledger import services as ledger
from registry.core.people.models import LegalEntity, User, UserKind
from registry.core.people.queries import require_at
from registry.core.people.rules import Capability
from registry.releases import services as releases
from registry.releases.models import Release
from registry.usecases import queries as use_queries
from registry.usecases import services as uses
from registry.usecases.models import ModelUse, UseCase
from registry.usecases.services import NewUseCase


@dataclass(frozen=True)
class Registered:
    """Everything that one registration has brought into being."""

    model: AIModel
    use_case: UseCase
    use: ModelUse
    release: Release
    grade: Grade


def register(
    *,
    actor: User,
    model: NewModel,
    card: NewUseCase,
    using_entity: LegalEntity,
    inputs: Inputs,
    is_uninterruptible: bool = False,
) -> Registered:
    """The model, its use case, its use, a release at S0 and a provisional grade exist: one act.

    Raises DomainError naming the field; then nothing of it exists.
    """
    catalogue.check_owner(model.owner)
    require_at(actor, Capability.REGISTER, model.entity)
    require_at(actor, Capability.REGISTER, using_entity)
    graded = classification.prepare(inputs)
    with ledger.act(actor):
        tier = graded.result.tier.value
        row = catalogue.register_model(actor=actor, model=model, tier=tier)
        use_case = uses.open_use_case(actor=actor, card=card)
        use, release, grade = _use(
            actor, row, use_case, using_entity, graded, is_uninterruptible=is_uninterruptible
        )
    return Registered(row, use_case, use, release, grade)


def add_use(
    *,
    actor: User,
    model: AIModel,
    use_case: UseCase | NewUseCase,
    using_entity: LegalEntity,
    inputs: Inputs,
    is_uninterruptible: bool = False,
) -> tuple[ModelUse, Release, Grade]:
    """Another use of the model exists, with a release of its own: it needs its own approval.

    use_case: one that exists, or the card of one that this act opens.
    """
    require_at(actor, Capability.REGISTER, using_entity)
    graded = classification.prepare(inputs)
    with ledger.act(actor):
        case = (
            uses.open_use_case(actor=actor, card=use_case)
            if isinstance(use_case, NewUseCase)
            else use_case
        )
        made = _use(actor, model, case, using_entity, graded, is_uninterruptible=is_uninterruptible)
        catalogue.set_tier(actor=actor, model_id=model.pk, tier=use_queries.highest_tier(model.pk))
        return made


def open_release(*, actor: User, use: ModelUse, version: ModelVersion | None) -> Release:
    """Another release of the use exists, for another version."""
    return releases.open_release(actor=actor, use=use, version=version)


def person(user_id: uuid.UUID | None, field: str) -> User:
    """The active person with this key. Raises DomainError naming the field."""
    people = User.objects.filter(kind=UserKind.PERSON, is_active=True)
    found = people.filter(pk=user_id).first() if user_id else None
    if found is None:
        raise DomainError(
            "unknown_person", _("There is no such active person."), field=field, status=400
        )
    return found


def _use(
    actor: User,
    model: AIModel,
    use_case: UseCase,
    entity: LegalEntity,
    graded: Graded,
    *,
    is_uninterruptible: bool,
) -> tuple[ModelUse, Release, Grade]:
    use = uses.use_model(
        actor=actor,
        model=model,
        use_case=use_case,
        entity=entity,
        shown=classification.shown(graded),
        is_uninterruptible=is_uninterruptible,
    )
    release = releases.open_release(actor=actor, use=use)
    grade = classification.give_first(actor=actor, use=use, graded=graded)
    return use, release, grade
