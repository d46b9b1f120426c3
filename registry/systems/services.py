"""Systems' verbs."""

from __future__ import annotations

from django.utils.translation import gettext as _

from registry.core.errors import Conflict
from registry.core.ledger import services as ledger
from registry.core.people.models import Department, LegalEntity, User
from registry.core.people.queries import require_at
from registry.core.people.rules import Capability
from registry.systems.models import System


def register(
    *,
    actor: User,
    code: str,
    name_zh: str,
    name_en: str,
    entity: LegalEntity,
    department: Department | None = None,
    protection_level: int | None = None,
) -> System:
    """The system is in the inventory."""
    require_at(actor, Capability.REGISTER, entity)
    row = System(
        code=code,
        name_zh=name_zh,
        name_en=name_en,
        entity=entity,
        department=department,
        protection_level=protection_level,
    )
    with ledger.act(actor) as act:
        if System.objects.filter(code=code).exists():
            raise Conflict("code_taken", _("This code is taken."), field="code")
        return act.create(row, "system.registered")
