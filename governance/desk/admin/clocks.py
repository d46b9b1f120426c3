"""The pages of legal clocks: what runs until when, and one clock with its warnings."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from governance.clocks import queries, rules
from governance.clocks.models import Clock
from governance.clocks.schema import Limit
from governance.desk.admin.gates import tag
from governance.desk.admin.pages import PersonRequest, page, said, show
from governance.desk.admin.verbs import offered
from governance.desk.admin.words import clock_in_words, local_minute, name_of, role_label
from registry.core import clock
from registry.core.people.models import User
from registry.core.people.queries import get_or_refuse, root_entity
from registry.releases.models import Release

MOST = 200


@page
def clocks(request: PersonRequest) -> HttpResponse:
    """What runs, the next to run out first; what ended lately; what the policy knows."""
    user = request.user
    ended = queries.whole(queries.visible_to(user).exclude(state="running"))
    context = {
        "running": in_words(queries.running(user)[:MOST]),
        "ended": in_words(ended.order_by("-due_at")[:20]),
        "known": [
            {
                "label": said(one.label.model_dump()),
                "event": said(one.event_label.model_dump()),
                "limit": limit_in_words(one.limit, before=one.before),
                "sources": _("; ").join(f"{its.ref} [{tag(its.tag)}]" for its in one.sources),
                "by_itself": one.event != "told",
            }
            for one in queries.active_section().clocks
        ],
        "institution": root_entity(),
        "verbs": offered(user, "start-clock"),
    }
    return show(request, "clocks", _("Legal clocks"), context)


@page
def one(request: PersonRequest, pk: uuid.UUID) -> HttpResponse:
    """One clock: what it is about, how much is left, what it has warned of, its receipt."""
    user = request.user
    row = get_or_refuse(queries.whole(queries.visible_to(user)), pk)
    in_words([row])
    kind = queries.kind_of(row)
    context = {
        "clock": row,
        "receipt_label": said(kind.receipt.model_dump()) if kind is not None else "",
        "lead": _(", ").join(role_label(role) for role in (kind.lead if kind is not None else ())),
        "rail": _rail(row),
        "verbs": offered(user, "complete-clock") if row.state == "running" else [],
        "danger_verbs": offered(user, "withdraw-clock") if row.state == "running" else [],
    }
    return show(request, "clock", row.code, context)


def of_release(user: User, release: Release) -> dict[str, Any]:
    """What the release's story shows of its clocks."""
    rows = queries.whole(queries.visible_to(user).filter(release=release, state="running"))
    return {
        "clocks": in_words(rows.order_by("due_at")[:MOST]),
        "clock_verbs": offered(user, "start-release-clock"),
    }


def in_words(rows: Iterable[Clock]) -> list[Clock]:
    """The clocks with their names, what is left of them, and how far they have run."""
    found, now = list(rows), clock.now()
    for row in found:
        told: Any = row  # Any: attributes for the template alone
        kind = queries.kind_of(row)
        told.label = clock_in_words(queries.section_of(row.pack), row.kind)
        told.about = name_of(row.release.model_use.model if row.release else row.entity)
        told.event_label = said(kind.event_label.model_dump()) if kind is not None else ""
        whole = (row.due_at - row.begins_at).total_seconds()
        gone = (now - row.begins_at).total_seconds()
        told.percent = 100 if whole <= 0 else max(0, min(100, round(100 * gone / whole)))
        told.is_overdue = now > row.due_at
        told.left = left_in_words((row.due_at - now).total_seconds())
    return found


def left_in_words(seconds: float) -> str:
    """How long still, or how long over, in days and hours or hours and minutes."""
    minutes = int(abs(seconds)) // 60
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        told = _("%(days)s d %(hours)s h") % {"days": days, "hours": hours}
    else:
        told = _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes % 60}
    return (_("%(time)s left") if seconds >= 0 else _("%(time)s over")) % {"time": told}


def limit_in_words(limit: Limit, *, before: bool) -> str:
    """The limit as the policy gives it."""
    texts = {
        "hours": _("%(count)s hours"), "days": _("%(count)s days"),
        "working_days": _("%(count)s working days"), "months": _("%(count)s months"),
    }  # fmt: skip
    ((name, count),) = [(key, one) for key, one in limit.model_dump().items() if one is not None]
    told = texts[name] % {"count": count}
    return _("%(limit)s before") % {"limit": told} if before else told


def _rail(row: Clock) -> list[dict[str, Any]]:
    """Its marks as stages: those that have come, and the moments at which the others would."""
    percents = queries.section_of(row.pack).warn_percents
    taken = {one.mark: one for one in row.warnings.all() if one.due_at == row.due_at}
    found = [{"key": "start", "label": _("begin"), "state": "done",
              "note": local_minute(row.begins_at)}]  # fmt: skip
    for mark, moment in rules.marks(row.begins_at, row.due_at, percents):
        percent = mark.removeprefix("after_")
        is_end = mark == rules.OVERDUE
        if row.state != "running" and mark not in taken:
            continue
        found.append(
            {
                "key": mark,
                "label": _("limit passed") if is_end else _("%(n)s%% gone") % {"n": percent},
                "state": "done" if mark in taken else "ahead",
                "note": local_minute(moment),
            }
        )
    return found
