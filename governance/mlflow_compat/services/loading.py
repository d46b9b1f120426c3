"""Where a version's files are: the point at which a stopped or retired version stops being used."""

from __future__ import annotations

from django.utils.translation import gettext as _

from governance.mlflow_compat import queries
from governance.mlflow_compat.models import Loading, RegisteredVersion
from governance.mlflow_compat.queries import telling
from governance.mlflow_compat.schema import MlflowSection
from governance.mlflow_compat.services.promoting import page
from governance.suspensions.queries import orders_for
from registry.core import clock
from registry.core.errors import Forbidden
from registry.core.people.models import User
from registry.releases.models import Release, Stage


def load(*, actor: User, name: str, number: int) -> str:
    """Where the files are. That somebody asked keeps the experiment from expiring.

    Raises NotFound; Forbidden where the policy lets no such version be loaded.
    """
    rows = queries.visible_versions(actor).filter(registered__name=name, number=number)
    row = rows.select_related("registered", "version__model").first()
    if row is None:
        raise telling.unknown_version(name, number)
    _check(row, queries.active_section())
    _remember(row)
    return row.location


def _check(row: RegisteredVersion, section: MlflowSection) -> None:
    released = list(Release.objects.filter(version=row.version)) if row.version else []
    policy, name = section.downloads, row.registered.name
    everywhere = policy.never_approved == "everywhere" and not section.is_free(name)
    by_name = policy.never_approved == "protected_names" and section.by_name(name) is not None
    if (everywhere or by_name) and not any(one.approved_digest for one in released):
        raise _refused(row, _("it was never approved"))
    if not released:
        return
    live = [one for one in released if one.stage != Stage.S8]
    if policy.retired and not live:
        raise _refused(row, _("it is retired"))
    if policy.stopped and live:
        orders = orders_for(live).values()
        if all(any(order.kind == "stop" for order in found) for found in orders):
            raise _refused(row, _("an emergency stop holds"))


def _refused(row: RegisteredVersion, why: str) -> Forbidden:
    path = f"/experiments/{row.registered_id}/"
    if row.version is not None:
        path = f"/models/{row.version.model_id}/"
    return Forbidden(
        "not_to_be_loaded",
        _("Version %(number)s of “%(name)s” may not be loaded: %(why)s. See %(page)s.")
        % {"number": row.number, "name": row.registered.name, "why": why, "page": page(path)},
        field="version",
    )  # fmt: skip


def _remember(row: RegisteredVersion) -> None:
    """One write a day for each name."""
    today = clock.today()
    if Loading.objects.filter(registered=row.registered_id, last_day__gte=today).exists():
        return
    Loading.objects.bulk_create(
        [Loading(registered_id=row.registered_id, last_day=today)],
        update_conflicts=True,
        unique_fields=["registered"],
        update_fields=["last_day"],
    )
