"""Use cases' verbs."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from registry.catalogue.models import AIModel
from registry.core.errors import Conflict, DomainError, NotFound
from registry.core.ledger import queries as ledger_queries
from registry.core.ledger import services as ledger
from registry.core.ledger.services import Warrant
from registry.core.people.models import Department, LegalEntity, User
from registry.core.people.queries import reaches, require_at, standing
from registry.core.people.rules import Capability, Role
from registry.core.web.concurrency import check_version
from registry.systems.models import System
from registry.usecases.models import ModelUse, UseCase


@dataclass(frozen=True)
class NewUseCase:
    """The use-case card (S0): purpose, process node, benefit, people affected, prohibited uses."""

    name_zh: str
    purpose: str
    entity: LegalEntity
    owner: User
    name_en: str = ""
    process_node: str = ""
    prohibited_uses: str = ""
    benefit: str = ""
    affected_people: str = ""
    department: Department | None = None
    system: System | None = None


@dataclass(frozen=True)
class GradeShown:
    """What a use repeats of the grade in force, for lists, gates and votes."""

    tier: str
    flags: dict[str, Any]  # Any: column values
    is_provisional: bool
    grade_digest: str


def open_use_case(*, actor: User, card: NewUseCase) -> UseCase:
    """The use case is in the inventory."""
    require_at(actor, Capability.REGISTER, card.entity)
    _check_owner(actor, card.owner)
    if card.system is not None and not reaches(actor, card.system.entity):
        raise NotFound("not_found", _("There is no such system within your reach."), field="system")
    row = UseCase(code=ledger_queries.next_code("UC"), **vars(card))
    with ledger.act(actor) as act:
        return act.create(row, "use_case.opened")


def _check_owner(actor: User, owner: User) -> None:
    """Raises DomainError for an owner who is none: owning bars, and nobody is barred by another."""
    if owner.pk != actor.pk and not standing(owner).has(Role.OWNER):
        raise DomainError(
            "owner_role",
            _("This person does not have the role of an owner."),
            field="use_case_owner",
            hint=_("An administrator assigns the role “owner”."),
        )


def correct_use_case(
    *,
    actor: User,
    use_case_id: uuid.UUID,
    changes: dict[str, Any],  # Any: column values
    reason: str,
    expected_version: int | None = None,
) -> UseCase:
    """更正: the card is corrected. Purpose and prohibited uses are material to approvals."""
    allowed = {
        "name_zh", "name_en", "process_node", "purpose", "prohibited_uses", "benefit",
        "affected_people",
    }  # fmt: skip
    if set(changes) - allowed or not changes:
        raise DomainError(
            "not_correctable",
            _("Only these can be corrected: %(names)s.") % {"names": ", ".join(sorted(allowed))},
            field=next(iter(sorted(set(changes) - allowed)), ""),
        )
    with ledger.act(actor) as act:
        row = ledger.lock(UseCase.objects.select_related("entity"), use_case_id)
        require_at(actor, Capability.REGISTER, row.entity, own=row.owner_id == actor.pk)
        check_version(expected_version, row.row_version)
        fields = sorted(changes)
        return act.update(row, "use_case.corrected", changes, reason=reason, fields=fields)


def use_model(
    *,
    actor: User,
    model: AIModel,
    use_case: UseCase,
    entity: LegalEntity,
    shown: GradeShown,
    is_uninterruptible: bool = False,
) -> ModelUse:
    """The entity uses the model in the use case, with its first, provisional grade."""
    with ledger.act(actor) as act:
        same = ModelUse.objects.filter(model=model, use_case=use_case, entity=entity)
        if same.exists():
            raise Conflict("use_known", _("This use of the model is registered already."))
        row = ModelUse(
            code=ledger_queries.next_code("USE"),
            model=model,
            use_case=use_case,
            entity=entity,
            is_uninterruptible=is_uninterruptible,
            **vars(shown),
        )
        return act.create(row, "use.registered")


def set_grade(
    *, actor: User, use: ModelUse, shown: GradeShown, warrant: Warrant | None = None
) -> ModelUse:
    """The use shows its grade in force; called by classification with the row locked.

    A lower tier than before needs a warrant of kind grading.lowering_granted.
    """
    with ledger.act(actor) as act:
        act.update(use, "use.grade_shown", vars(shown), was_tier=use.tier)
        if warrant is not None:
            act.spend(warrant, use)
    return use
