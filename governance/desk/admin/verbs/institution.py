"""The verbs about the institution: entities, departments, posts, committees, policy."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from governance.approvals import services as approvals
from governance.committees import queries as committees_queries
from governance.committees import services as committees
from governance.desk.admin import people_forms as forms
from governance.desk.admin.verbs.base import Verb
from registry.core.calendars import queries as calendar_queries
from registry.core.calendars import services as calendars
from registry.core.people import queries
from registry.core.people import services as people
from registry.core.people.rules import Capability
from registry.core.policy import queries as policy_queries


def _tree(subject: Any) -> str:
    return "/institution/"


def _committees(subject: Any) -> str:
    return "/committees/"


def _year(row: Any) -> str:
    return f"/working-days/?country={row.country}&year={row.year}"


INSTITUTION_VERBS: dict[str, Verb] = {
    "open-entity": Verb(
        _("Open a branch or subsidiary"), Capability.MANAGE_PEOPLE, queries.visible_entities,
        forms.EntityForm,
        lambda user, subject, data: people.open_entity(actor=user, parent=subject, **data), _tree,
    ),
    "open-department": Verb(
        _("Open a department"), Capability.MANAGE_PEOPLE, queries.visible_entities,
        forms.DepartmentForm,
        lambda user, subject, data: people.open_department(actor=user, entity=subject, **data),
        _tree,
    ),
    "create-post": Verb(
        _("Create a post"), Capability.MANAGE_PEOPLE, queries.visible_departments,
        forms.PostForm,
        lambda user, subject, data: people.create_post(actor=user, department=subject, **data),
        _tree,
    ),
    "hold-post": Verb(
        _("Give the post to somebody"), Capability.MANAGE_PEOPLE, queries.visible_posts,
        forms.HoldingForm,
        lambda user, subject, data: people.hold_post(actor=user, post=subject, **data), _tree,
    ),
    "leave-post": Verb(
        _("End the holding"), Capability.MANAGE_PEOPLE, queries.visible_holdings, forms.EndForm,
        lambda user, subject, data: people.leave_post(
            actor=user, holding_id=subject.pk, **data
        ),
        _tree,
    ),
    "establish-committee": Verb(
        _("Establish a committee"), Capability.MANAGE_COMMITTEES, queries.visible_entities,
        forms.CommitteeForm,
        lambda user, subject, data: committees.establish(actor=user, entity=subject, **data),
        _committees,
    ),
    "give-seat": Verb(
        _("Give a seat"), Capability.MANAGE_COMMITTEES, committees_queries.visible_to,
        forms.SeatForm,
        lambda user, subject, data: committees.give_seat(actor=user, committee=subject, **data),
        _committees,
    ),
    "vacate-seat": Verb(
        _("End the seat"), Capability.MANAGE_COMMITTEES, committees_queries.visible_seats,
        forms.EndForm,
        lambda user, subject, data: committees.vacate_seat(actor=user, seat_id=subject.pk, **data),
        _committees,
    ),
    "arrange-working-days": Verb(
        _("Record a year's working days"), Capability.MANAGE_POLICY, queries.visible_entities,
        forms.ArrangementForm,
        lambda user, subject, data: calendars.arrange(actor=user, **data),
        lambda subject: "/working-days/",
        forward=_year,
        explanation=_(
            "What was recorded for the year before is replaced. Where the year is published "
            "already, another person has to confirm it."
        ),
    ),
    "confirm-working-days": Verb(
        _("Confirm the changed days"), Capability.MANAGE_POLICY, calendar_queries.visible_to,
        forms.NothingForm,
        lambda user, subject, data: calendars.confirm(actor=user, arrangement_id=subject.pk),
        _year,
        explanation=_(
            "You have compared the days with their document. Running limits are counted anew; "
            "what has run out stays."
        ),
    ),
    "drop-working-days": Verb(
        _("Drop the change"), Capability.MANAGE_POLICY, calendar_queries.visible_to,
        forms.NothingForm,
        lambda user, subject, data: calendars.drop(actor=user, arrangement_id=subject.pk),
        _year,
    ),
    "activate-pack": Verb(
        _("Sign that it shall be in force"), Capability.MANAGE_POLICY, policy_queries.visible_to,
        forms.ActivationForm,
        lambda user, subject, data: approvals.sign_activation(
            actor=user, release_id=subject.pk, **data
        ),
        lambda subject: "/policy/",
        explanation=_("With the second person's signature it is in force from that moment."),
    ),
}  # fmt: skip
