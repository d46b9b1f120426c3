"""Where a version's files are: the point at which a stopped or retired version stops being used."""

from __future__ import annotations

import uuid

from django.db.models import Value
from django.utils.translation import gettext as _

from governance.mlflow_compat import queries
from governance.mlflow_compat.models import Loading, Place, RegisteredVersion
from governance.mlflow_compat.queries import telling
from governance.mlflow_compat.queries.telling import Files
from governance.mlflow_compat.schema import Downloads, MlflowSection
from governance.mlflow_compat.services.promoting import page
from governance.suspensions.queries import orders_for
from registry.core import clock
from registry.core.errors import Forbidden
from registry.core.people.models import User
from registry.releases.models import Release, Stage


def load(*, actor: User, name: str, number: int) -> str:
    """Where the files are. That somebody asked keeps the experiment from expiring.

    Raises NotFound; Forbidden where the policy lets no such version be loaded, whatever name its
    files have here.
    """
    found = telling.files(actor, name, number)
    why = _hindrance(found, name, queries.active_section())
    if why:
        raise _refused(found, name, number, why)
    today = clock.today()
    if found.last_day is None or found.last_day < today:
        _remember(found.registered)
    return found.location


def check_loadable(row: RegisteredVersion) -> None:
    """Raises Forbidden where the version may not be loaded, and so not be copied either."""
    model = row.version.model_id if row.version is not None else None
    found = Files(row.registered_id, row.location, row.version_id, model, None)
    why = _hindrance(found, row.registered.name, queries.active_section())
    if why:
        raise _refused(found, row.registered.name, row.number, why)


def _hindrance(found: Files, name: str, section: MlflowSection) -> str:
    """Why it may not be loaded, in words; empty where it may."""
    policy = section.downloads
    everywhere = policy.never_approved == "everywhere" and not section.is_free(name)
    by_name = policy.never_approved == "protected_names" and section.by_name(name) is not None
    own = _released(found.version)
    if (everywhere or by_name) and not any(one.approved_digest for one in own):
        return _("it was never approved")
    for version in {found.version, *_claimed_here(found.location)}:
        why = _ended(_released(version), policy)
        if why:
            return why
    return ""


def _claimed_here(location: str) -> list[uuid.UUID]:
    """The versions of the inventory whose files lie in the same place, whatever their names, and
    however the place is spelled.
    """
    rows = RegisteredVersion.objects.filter(version__isnull=False).alias(place=Place("location"))
    rows = rows.filter(place=Place(Value(location)))
    return list(rows.order_by().values_list("version_id", flat=True).distinct())


def _released(version: uuid.UUID | None) -> list[Release]:
    return list(Release.objects.filter(version=version)) if version else []


def _ended(released: list[Release], policy: Downloads) -> str:
    if not released:
        return ""
    live = [one for one in released if one.stage != Stage.S8]
    if policy.retired and not live:
        return _("it is retired")
    orders = orders_for(live).values() if policy.stopped and live else ()
    if orders and all(any(order.kind == "stop" for order in told) for told in orders):
        return _("an emergency stop holds")
    return ""


def _refused(found: Files, name: str, number: int, why: str) -> Forbidden:
    path = f"/models/{found.model}/" if found.model else f"/experiments/{found.registered}/"
    told = {"number": number, "name": name, "why": why, "page": page(path)}
    return Forbidden(
        "not_to_be_loaded",
        _("Version %(number)s of “%(name)s” may not be loaded: %(why)s. See %(page)s.") % told,
        field="version",
    )


def _remember(registered_id: uuid.UUID) -> None:
    """One write a day for each name."""
    Loading.objects.bulk_create(
        [Loading(registered_id=registered_id, last_day=clock.today())],
        update_conflicts=True,
        unique_fields=["registered"],
        update_fields=["last_day"],
    )
