"""Reading the experiments pool: as MLflow's protocol tells it, and as pages do."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from governance.mlflow_compat.models import RegisteredModel, RegisteredVersion
from governance.mlflow_compat.schema import MlflowSection
from registry.catalogue.queries import may_be_seen
from registry.core.people.models import User
from registry.core.people.queries import within_reach
from registry.core.policy import queries as policy
from registry.core.policy.models import PackRelease


def section_of(pack: PackRelease) -> MlflowSection:
    """The pack's section on MLflow's protocol; a pack from before it protects nothing."""
    found = policy.section(pack, "mlflow")
    assert isinstance(found, MlflowSection)  # noqa: S101 (declared so in governance.wiring)
    return found


def active_section() -> MlflowSection:
    """The section of the pack in force."""
    return section_of(policy.active_pack())


def may_be_read(user: User, prefix: str = "") -> Q:
    """Experiments of the entities within reach; claimed ones where their model may be seen."""
    claimed = Q(**{f"{prefix}model__isnull": False}) & may_be_seen(user, f"{prefix}model__")
    open_to = Q(**{f"{prefix}model__isnull": True}) & within_reach(user, f"{prefix}entity")
    return claimed | open_to


def visible_to(user: User) -> models.QuerySet[RegisteredModel]:
    """The registered names that the person may see, without deleted ones."""
    return RegisteredModel.objects.filter(may_be_read(user), is_deleted=False)


def visible_versions(user: User) -> models.QuerySet[RegisteredVersion]:
    """The versions under the names that the person may see, without deleted ones."""
    rows = RegisteredVersion.objects.filter(is_deleted=False, registered__is_deleted=False)
    return rows.filter(may_be_read(user, "registered__"))
