"""Reading permits: who may see them, what denies one, what has ended one."""

from governance.permits.queries.counting import Figures, figures
from governance.permits.queries.covering import covering, uncovered
from governance.permits.queries.deciding import (
    Considered,
    consider,
    present_reasons,
    registry_host,
    release_of,
    section_of,
)
from governance.permits.queries.ending import Cause, cause_of, causes, is_live, state_of
from governance.permits.queries.reading import (
    REVOKERS,
    may_hold,
    of_release,
    visible_break_glass,
    visible_to,
    visible_uses,
    whole,
)
from governance.permits.queries.reconciling import may_run, unexplained

__all__ = [
    "REVOKERS",
    "Cause",
    "Considered",
    "Figures",
    "cause_of",
    "causes",
    "consider",
    "covering",
    "figures",
    "is_live",
    "may_hold",
    "may_run",
    "of_release",
    "present_reasons",
    "registry_host",
    "release_of",
    "section_of",
    "state_of",
    "uncovered",
    "unexplained",
    "visible_break_glass",
    "visible_to",
    "visible_uses",
    "whole",
]
