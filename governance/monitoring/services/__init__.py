"""Monitoring's verbs: report, set limits, expect and listen, deal with breaches, ask Prometheus."""

from governance.monitoring.services.asking import ask, ask_all, close_query, open_query
from governance.monitoring.services.breaching import close, take_up, tell_late
from governance.monitoring.services.expecting import (
    expect,
    expect_everywhere,
    listen,
    make_partitions,
)
from governance.monitoring.services.importing import FORMATS, bring_in, bring_in_run
from governance.monitoring.services.limiting import (
    NewLimits,
    NewMetric,
    add_metric,
    close_metric,
    reopen_metric,
    set_limits,
)
from governance.monitoring.services.reading import MOST, Told
from governance.monitoring.services.reporting import Reported, report

__all__ = [
    "FORMATS",
    "MOST",
    "NewLimits",
    "NewMetric",
    "Reported",
    "Told",
    "add_metric",
    "ask",
    "ask_all",
    "bring_in",
    "bring_in_run",
    "close",
    "close_metric",
    "close_query",
    "expect",
    "expect_everywhere",
    "listen",
    "make_partitions",
    "open_query",
    "reopen_metric",
    "report",
    "set_limits",
    "take_up",
    "tell_late",
]
