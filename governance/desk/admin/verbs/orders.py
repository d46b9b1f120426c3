"""The verbs about orders: stop, restrict, resume."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from governance.desk.admin import forms, order_forms, orders
from governance.desk.admin.verbs.base import Verb, ordering
from governance.desk.admin.verbs.people import Secret
from governance.suspensions import queries
from governance.suspensions import services as suspensions
from governance.suspensions.services import Drilled, NewConsumer
from registry.core.people.models import LegalEntity, User
from registry.core.people.queries import visible_entities
from registry.core.people.rules import Capability
from registry.releases import queries as releases


def _release(user: User) -> QuerySet[Any]:
    return releases.whole(releases.visible_to(user))


def _institution(user: User) -> QuerySet[LegalEntity]:
    return visible_entities(user).filter(parent=None)


def _own(subject: Any) -> str:
    return str(subject.get_absolute_url())


def _list(subject: Any) -> str:
    return "/orders/"


def _of_report(subject: Any) -> str:
    return f"/orders/{subject.order_id}/"


def _report(user: User, subject: Any, data: dict[str, Any]) -> object:
    return suspensions.report_drill(actor=user, order_id=subject.pk, told=Drilled(**data))


def _open_consumer(user: User, subject: Any, data: dict[str, Any]) -> object:
    """The secret that was made up is the verb's result; the page shows it this once."""
    row, secret = suspensions.open_consumer(actor=user, told=NewConsumer(**data))
    return Secret(secret) if secret else row


def _order_wider(kind: str, user: User, data: dict[str, Any]) -> object:
    told = {name: value for name, value in data.items() if name not in ("target", "shown")}
    target = order_forms.target_from(data["target"])
    return suspensions.order(
        actor=user, kind=kind, target_type=target.type, target_id=target.id,
        target_key=target.name, **told,
    )  # fmt: skip


ORDER_VERBS: dict[str, Verb] = {
    "stop": Verb(
        _("Emergency stop"), Capability.STOP, _release, order_forms.StopReleaseForm,
        ordering("stop", "release"), _own, is_danger=True,
        explanation=_("It takes effect at once and needs no approval. Others than you resume."),
    ),
    "stop-wider": Verb(
        _("Stop a vendor, base model or entity"), Capability.STOP, _institution,
        order_forms.StopWiderForm,
        lambda user, subject, data: _order_wider("stop", user, data), _list, is_danger=True,
        forward=_own,
        explanation=_("It takes effect at once and needs no approval. Others than you resume."),
    ),
    "restrict": Verb(
        _("Restrict the use"), Capability.RESTRICT, _release, order_forms.RestrictForm,
        ordering("restrict", "release"), _own, is_danger=True,
    ),
    "restrict-wider": Verb(
        _("Restrict a vendor, base model or entity"), Capability.RESTRICT, _institution,
        order_forms.RestrictWiderForm,
        lambda user, subject, data: _order_wider("restrict", user, data), _list, is_danger=True,
        forward=_own,
    ),
    "resume": Verb(
        _("Resume"), Capability.RESUME, queries.visible_to, order_forms.ResumeForm,
        lambda user, subject, data: suspensions.resume(
            actor=user, order_id=subject.pk, **data
        ),
        _own,
        explanation=_(
            "Whoever gave the order takes no part in lifting it; a stop needs two officers."
        ),
        done=orders.asked_or_lifted,
    ),
    "ratify": Verb(
        _("Ratify the resumption"), Capability.RATIFY, queries.visible_to, order_forms.RatifyForm,
        lambda user, subject, data: suspensions.ratify(actor=user, order_id=subject.pk, **data),
        _own,
        explanation=_("The body has decided so; whoever lifted the order does not ratify it."),
    ),
    "report-drill": Verb(
        _("Write the drill report"), Capability.REPORT_DRILL, queries.visible_to,
        order_forms.DrillForm, _report, _own,
        explanation=_("How long it took is computed. Another person countersigns it."),
    ),
    "countersign-drill": Verb(
        _("Countersign the drill report"), Capability.COUNTERSIGN_DRILL,
        lambda user: queries.visible_drill_reports(user).select_related("order", "written_by"),
        forms.NothingForm,
        lambda user, subject, data: suspensions.countersign_drill(
            actor=user, report_id=subject.pk
        ),
        _of_report,
    ),
    "open-consumer": Verb(
        _("Open an enforcing system"), Capability.MANAGE_CHANNELS, _institution,
        order_forms.ConsumerForm, _open_consumer, _list,
        explanation=_("It is told of every order at once, and acknowledges by its own account."),
    ),
    "close-consumer": Verb(
        _("Close the enforcing system"), Capability.MANAGE_CHANNELS, queries.visible_consumers,
        forms.NothingForm,
        lambda user, subject, data: suspensions.close_consumer(
            actor=user, consumer_id=subject.pk
        ),
        _list, is_danger=True,
    ),
}  # fmt: skip
