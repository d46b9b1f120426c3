"""Reading what is watched: the policy's part, who may see what, series, how releases stand."""

from governance.monitoring.queries.policy import (
    active_section,
    every_days,
    limits_of,
    metric_named,
    section_of,
    spec_of,
)
from governance.monitoring.queries.reaching import (
    SECOND,
    visible_breaches,
    visible_queries,
    visible_thresholds,
    visible_to,
)
from governance.monitoring.queries.series import (
    Point,
    history,
    points,
    segments,
    told_already,
    unsound_reports,
)
from governance.monitoring.queries.standing import (
    Reporting,
    Status,
    counts,
    figures,
    newest_points,
    reporting,
    status_of,
)

__all__ = [
    "SECOND",
    "Point",
    "Reporting",
    "Status",
    "active_section",
    "counts",
    "every_days",
    "figures",
    "history",
    "limits_of",
    "metric_named",
    "newest_points",
    "points",
    "reporting",
    "section_of",
    "segments",
    "spec_of",
    "status_of",
    "told_already",
    "unsound_reports",
    "visible_breaches",
    "visible_queries",
    "visible_thresholds",
    "visible_to",
]
