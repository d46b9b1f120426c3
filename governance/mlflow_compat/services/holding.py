"""Finding and locking what a call is about, as the caller may see it."""

from __future__ import annotations

from governance.mlflow_compat.models import RegisteredModel, RegisteredVersion
from governance.mlflow_compat.queries import telling
from registry.core.errors import Forbidden
from registry.core.people.models import LegalEntity, User
from registry.core.people.queries import require, require_at, standing
from registry.core.people.rules import Capability, Line

BUILDING = Capability.REGISTER_VERSION


def entity_of(actor: User) -> LegalEntity:
    """The entity to which what the actor registers belongs: the highest where they build.

    Raises Forbidden for whoever builds nowhere.
    """
    found = require(actor, BUILDING)
    paths = [path for path in found.paths if found.may_at(BUILDING, path)] or [
        path for _role, path in sorted(found.roles) if found.may_at(BUILDING, path)
    ]
    return LegalEntity.objects.get(path=min(paths, key=lambda path: (path.count("/"), path)))


def lock_name(actor: User, name: str, *, moving: bool = False) -> RegisteredModel:
    """The registered name, locked. Raises NotFound, and Forbidden for whoever may not build.

    moving: it is about words that point to versions, which whoever moves releases may give too.
    """
    row = telling.locked(actor, name)
    _check_builder(actor, row, moving=moving)
    return row


def lock_version(actor: User, name: str, number: int, *, moving: bool = False) -> RegisteredVersion:
    """The version, locked after its name. Raises NotFound, and Forbidden."""
    registered = lock_name(actor, name, moving=moving)
    row = (
        RegisteredVersion.objects.select_for_update(of=("self",), no_key=True)
        .filter(registered=registered, number=number, is_deleted=False)
        .select_related("version")
        .first()
    )
    if row is None:
        raise telling.unknown_version(name, number)
    row.registered = registered
    return row


def check_registrant(
    actor: User, row: RegisteredModel, version: RegisteredVersion | None = None
) -> None:
    """Raises Forbidden for anybody but who registered it, and the second line."""
    registrants = {row.registered_by_id, version.registered_by_id if version else None}
    if actor.pk not in registrants and Line.SECOND not in standing(actor).lines:
        raise Forbidden(
            "not_yours",
            "Only whoever registered '%(name)s' renames or deletes it.",
            field="name",
            params={"name": row.name},
        )


def _check_builder(actor: User, row: RegisteredModel, *, moving: bool) -> None:
    entity = row.model.entity if row.model is not None else row.entity
    if moving and standing(actor).may_at(Capability.PROMOTE, entity.path):
        return
    own = row.model is not None and row.model.owner_id == actor.pk
    require_at(actor, BUILDING, entity, own=own)
