"""What monitoring tools write becomes observations: the caller says which value is which metric."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from governance.monitoring.services.reading import MOST, Told
from governance.monitoring.services.reporting import Reported, report
from registry.connectors import evidently, nannyml
from registry.connectors.mlflow import TrackingServer, Unavailable, Unknown
from registry.core.errors import Conflict, DomainError
from registry.core.people.models import User

FORMATS = ("evidently", "nannyml")


def bring_in(
    *, actor: User, release: str, written_by: str, document: Any, metrics: Mapping[str, str],
    at: dt.datetime | None = None,
) -> Reported:  # fmt: skip
    """The values of the document that `metrics` names are reported. metrics: name in the document →
    key of the metric; at: the moment of values that have none of their own (Evidently's).

    Raises DomainError (`unknown_format`, `no_report`, `at_needed`, `nothing_named`), and what
    `report` raises.
    """
    if written_by not in FORMATS:
        said = _("Reports of %(formats)s are read here.") % {"formats": ", ".join(FORMATS)}
        raise DomainError("unknown_format", said, field="format", status=400)
    if written_by == "evidently" and at is None:
        said = _("Evidently's reports have no date: say of which moment this one is.")
        raise DomainError("at_needed", said, field="at", status=400)
    try:
        told = _told(release, written_by, document, metrics, at)
    except ValueError as error:
        said = _("The document cannot be read: %(why)s.") % {"why": error}
        raise DomainError("no_report", said, field="document", status=400) from error
    return _reported(actor, told, written_by)


def _told(
    release: str, written_by: str, document: Any, metrics: Mapping[str, str],
    at: dt.datetime | None,
) -> list[Told]:  # fmt: skip
    if written_by == "nannyml":
        return [
            Told(release, metrics[one.name], one.at, value=one.value)
            for one in nannyml.read(document)
            if one.name in metrics
        ]
    assert at is not None  # noqa: S101 (bring_in)
    return [
        Told(release, metrics[one.name], at, segment=one.column, value=one.value)
        for one in evidently.read(document)
        if one.name in metrics
    ]


def _reported(actor: User, told: list[Told], source: str) -> Reported:
    if not told:
        raise DomainError(
            "nothing_named", _("The document has no value of a name that you have told."),
            field="metrics", hint=_("Name a value as the tool does, and the metric that it fills."),
        )  # fmt: skip
    if len(told) > MOST:
        said = _("The document has more than %(most)s such values.") % {"most": MOST}
        raise DomainError("batch_size", said, field="document", status=400)
    return report(actor=actor, told=told, source=source)


def bring_in_run(
    *, actor: User, release: str, run_id: str, metrics: Mapping[str, str], at: dt.datetime
) -> Reported:
    """The last values of a run's metrics on MLflow's tracking server are reported.

    Raises DomainError (`no_tracking_server`, `unknown_run`, `nothing_named`), Conflict
    (`tracking_server_away`), and what `report` raises. Not inside a transaction.
    """
    if not settings.MLFLOW_TRACKING_URL:
        said = _("No tracking server of MLflow is connected here.")
        raise DomainError("no_tracking_server", said, field="run_id",
                          hint=_("The operators set MINGCE_MLFLOW_TRACKING_URL."))  # fmt: skip
    if not run_id.isalnum() or len(run_id) > 64:
        raise DomainError("unknown_run", _("This is no run's id."), field="run_id", status=400)
    server = TrackingServer(
        settings.MLFLOW_TRACKING_URL, settings.MLFLOW_TRACKING_TOKEN, seconds=15.0
    )
    try:
        found = server.look(run_id, "")
    except Unknown as error:
        said = _("The tracking server knows no such run.")
        raise DomainError("unknown_run", said, field="run_id") from error
    except Unavailable as error:
        said = _("The tracking server does not answer: %(why)s.") % {"why": error}
        hint = _("Try again later, or report the values themselves.")
        raise Conflict("tracking_server_away", said, field="run_id", hint=hint) from error
    told = [
        Told(release, metrics[name], at, value=value)
        for name, value in found.metrics.items()
        if name in metrics
    ]
    return _reported(actor, told, "mlflow")
