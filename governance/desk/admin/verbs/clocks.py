"""The verbs about legal clocks."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.clocks import queries
from governance.clocks import services as clocks
from governance.clocks.models import Clock
from governance.desk.admin import clock_forms
from governance.desk.admin.verbs.base import Verb, hand_in
from governance.desk.admin.words import local_minute
from registry.core import clock
from registry.core.ledger import services as ledger
from registry.core.people.models import User
from registry.core.people.queries import visible_entities
from registry.core.people.rules import Capability
from registry.releases import queries as releases


def _clocks(user: User) -> QuerySet[Any]:
    return queries.whole(queries.visible_to(user))


def _release(user: User) -> QuerySet[Any]:
    return releases.whole(releases.visible_to(user))


def _own(subject: Any) -> str:
    return str(subject.get_absolute_url())


def _runs(row: Clock) -> str:
    """Until when, or that it is too late already."""
    due = {"due": local_minute(row.due_at)}
    if row.due_at < clock.now():
        return gettext("The limit passed on %(due)s already; the clock says so.") % due
    return gettext("The clock runs until %(due)s.") % due


def _complete(user: User, subject: Any, data: dict[str, Any]) -> object:
    """The receipt's file, where there is one, is handed in about the clock: both or neither."""
    told = dict(data)
    file = told.pop("file")
    with ledger.act(user):
        document = None
        if file:
            paper = {"kind": "other", "title": file.name, "file": file, "statement": ""}
            document = hand_in(user, subject, paper)
        return clocks.complete(
            actor=user, clock_id=subject.pk, document_id=getattr(document, "pk", None), **told
        )


CLOCK_VERBS: dict[str, Verb] = {
    "start-clock": Verb(
        _("Start a legal clock"), Capability.KEEP_CLOCKS, visible_entities,
        clock_forms.StartForm,
        lambda user, subject, data: clocks.start(actor=user, entity=subject, **data),
        lambda subject: "/clocks/", forward=_own, done=_runs,
        explanation=_("It cannot be paused. Started in error it is withdrawn by somebody else."),
    ),
    "start-release-clock": Verb(
        _("Start a legal clock"), Capability.KEEP_CLOCKS, _release,
        clock_forms.StartForm,
        lambda user, subject, data: clocks.start(actor=user, release=subject, **data),
        _own, forward=_own, done=_runs,
        explanation=_("It cannot be paused. Started in error it is withdrawn by somebody else."),
    ),
    "complete-clock": Verb(
        _("Complete the clock"), Capability.KEEP_CLOCKS, _clocks, clock_forms.CompleteForm,
        _complete, _own,
    ),
    "withdraw-clock": Verb(
        _("Withdraw the clock"), Capability.MANAGE_POLICY, _clocks, clock_forms.WithdrawForm,
        lambda user, subject, data: clocks.withdraw(actor=user, clock_id=subject.pk, **data),
        _own, is_danger=True,
    ),
}  # fmt: skip
