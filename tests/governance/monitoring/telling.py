"""What tests report: values day by day."""

from __future__ import annotations

import datetime as dt
from typing import Any

from governance.monitoring import services
from governance.monitoring.services import Reported, Told
from registry.core import clock
from registry.releases.models import Release
from tests.world import person

DAY = dt.timedelta(days=1)


def told(release: Release, metric: str = "psi", value: float | None = 0.05, **more: Any) -> Told:
    """An observation of this moment."""
    return Told(release.code, metric, more.pop("at", clock.now()), value=value, **more)


def report(*rows: Told, by: str = "pipeline") -> Reported:
    """The machine account's report."""
    return services.report(actor=person(by), told=rows)


def tell(release: Release, *values: float, metric: str = "psi", segment: str = "") -> Reported:
    """Values of days one after another, of which the last is today."""
    first = clock.now() - DAY * (len(values) - 1)
    return report(
        *(
            told(release, metric, value, at=first + DAY * place, segment=segment)
            for place, value in enumerate(values)
        )
    )
