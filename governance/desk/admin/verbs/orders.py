"""The verbs about orders: stop, restrict, resume."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from governance.desk.admin import order_forms, orders
from governance.desk.admin.verbs.base import Verb, ordering
from governance.suspensions import queries
from governance.suspensions import services as suspensions
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
    return "/admin/governance/order/"


def _of_order(subject: Any) -> str:
    return {
        "release": f"/releases/{subject.target_id}/",
        "model": f"/models/{subject.target_id}/",
    }.get(subject.target_type, "/admin/governance/order/")


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
    ),
    "resume": Verb(
        _("Resume"), Capability.RESUME, queries.visible_to, order_forms.ResumeForm,
        lambda user, subject, data: suspensions.resume(
            actor=user, order_id=subject.pk, **data
        ),
        _of_order,
        explanation=_(
            "Whoever gave the order takes no part in lifting it; a stop needs two officers."
        ),
        done=orders.asked_or_lifted,
    ),
}  # fmt: skip
