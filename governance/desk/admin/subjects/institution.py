"""What verbs about people, places, policy and channels are about."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from governance.committees.models import Committee
from governance.desk.admin.packs import forecast_in_words
from governance.desk.admin.subjects.base import About, Fact
from governance.desk.admin.words import name_of
from governance.desk.queries import tasks_of
from governance.reviews.queries import owing
from registry.core.calendars import queries as arrangements
from registry.core.people.models import User
from registry.core.people.queries import visible_users


def of_person(user: User, row: Any) -> About:
    """A person, with what they would leave behind."""
    return About(
        row.name,
        (
            Fact(_("person"), f"{row.name} · {row.username}", row.get_absolute_url()),
            Fact(_("kind"), row.get_kind_display()),
            *_left_behind(user, row),
        ),
    )


def _left_behind(user: User, row: Any) -> list[Fact]:
    """What somebody answers for: whoever deactivates an account should see it first."""
    tasks = tasks_of(user, row)
    counts = len(tasks.models), len(tasks.packages), tasks.conditions
    told = _("%d models, %d review packages, %d conditions") % counts
    return [] if tasks.is_empty else [Fact(_("open tasks"), told, row.get_absolute_url())]


def of_holder(user: User, row: Any) -> About:
    """A role, a post or a token: whose it is, and what it is."""
    told = of_person(user, visible_users(user).get(pk=row.user_id))
    if hasattr(row, "role"):
        what = Fact(_("role"), f"{row.get_role_display()} · {name_of(row.entity)}")
    elif hasattr(row, "post"):
        what = Fact(_("post"), name_of(row.post))
    else:
        what = Fact(_("token"), row.name)
    return About(told.name, (what, *told.facts))


def of_delegation(user: User, row: Any) -> About:
    """Who stands in for whom, where and when."""
    days = f"{row.valid_from.isoformat()} – {row.valid_to.isoformat()}"
    body = Committee.objects.filter(code=row.body_code).first() if row.body_code else None
    facts = (
        Fact(_("stood in for"), name_of(row.principal), row.principal.get_absolute_url()),
        Fact(_("deputy"), name_of(row.delegate), row.delegate.get_absolute_url()),
        Fact(_("committee"), name_of(body) if body else _("all of them")),
        Fact(_("days"), days),
        Fact(_("reason"), row.reason),
    )
    return About(name_of(row.principal), facts)


def of_place(user: User, row: Any) -> About:
    """An entity, a department, a post or a committee."""
    return About(name_of(row), (Fact(str(row._meta.verbose_name), f"{name_of(row)} · {row.code}"),))


def of_seat(user: User, row: Any) -> About:
    """A committee's seat."""
    holder = name_of(row.user or row.post)
    facts = (Fact(_("committee"), name_of(row.committee)), Fact(_("holder"), holder))
    return About(name_of(row.committee), facts)


def of_pack(user: User, row: Any) -> About:
    """A policy pack, and the work that it would make."""
    facts = (
        Fact(_("policy pack"), f"{row.key} {row.version}", f"/policy/{row.pk}/"),
        Fact(_("state"), row.get_state_display()),
        Fact("SHA-256", row.sha256),
    )
    job = owing.latest_forecast(row)
    told = {
        "pack": row,
        "worked_out_at": job.ended_at if job else None,
        "forecast": forecast_in_words(job.result) if job and job.result else None,
    }
    return About(f"{row.key} {row.version}", facts, "desk/parts/workload.html", told)


def of_arrangement(user: User, row: Any) -> About:
    """A year's working days, and which of them would change."""
    name = f"{row.country} {row.year}"
    return About(name, (Fact(_("year"), name), *proposed(row)))


def proposed(row: Any) -> tuple[Fact, ...]:
    """What is proposed for a year that is published, day by day."""
    if row.proposal is None:
        return ()
    off, worked, neither = arrangements.changed(row, row.proposal)
    days = ((_("off from now on"), off), (_("worked from now on"), worked),
            (_("as the law alone says from now on"), neither))  # fmt: skip
    return (
        Fact(_("document"), row.proposal["source"]),
        *(Fact(label, " · ".join(found)) for label, found in days if found),
        Fact(_("proposed by"), name_of(row.proposed_by)),
    )


def of_consumer(user: User, row: Any) -> About:
    """A system that enforces stops."""
    facts = (Fact(_("host"), row.host or "–"), Fact(_("legal entity"), name_of(row.entity)))
    return About(row.name, facts)


def of_channel(user: User, row: Any) -> About:
    """A channel out of the house."""
    facts = (Fact(_("way"), row.get_way_display()), Fact(_("host"), row.host))
    return About(row.name, facts)


def of_webhook(user: User, row: Any) -> About:
    """A webhook: where it leads, and how it stands."""
    facts = (Fact(_("host"), row.host), Fact(_("state"), row.get_state_display()))
    return About(row.name, facts)
