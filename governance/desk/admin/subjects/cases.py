"""What verbs about models, releases and their governance are about."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from governance.checkpoints import queries as checkpoint_queries
from governance.clocks import queries as clock_queries
from governance.desk.admin import orders
from governance.desk.admin.pages import said
from governance.desk.admin.subjects.base import About, Fact, of_model, of_release, with_release
from governance.desk.admin.words import (
    clock_in_words,
    kind_in_words,
    local_minute,
    name_of,
    outcome_in_words,
    requirement_labels,
)
from governance.lifecycle import queries as lifecycle
from governance.reviews import queries as review_queries
from governance.reviews.models import Explanation
from governance.suspensions import queries as suspensions
from registry.core.people.models import User
from registry.core.policy import queries as policy
from registry.evidence import queries as evidence
from registry.releases import queries as releases


def of_use(user: User, row: Any) -> About:
    """A model use: the model, the use case, the using entity."""
    told = of_model(user, row.model)
    return About(
        told.name,
        (
            *told.facts[:1],
            Fact(_("use case"), name_of(row.use_case)),
            Fact(_("using entity"), name_of(row.entity)),
            Fact(_("tier"), row.get_tier_display() if row.tier else _("not graded")),
        ),
    )


def of_grade(user: User, row: Any) -> About:
    """A grade and what it was made from."""
    told = of_use(user, row.model_use)
    return About(
        told.name,
        (
            *told.facts[:-1],
            Fact(_("tier"), row.get_tier_display()),
            Fact(_("points"), row.score),
            Fact(_("graded by"), name_of(row.graded_by)),
        ),
    )


def of_card(user: User, row: Any) -> About:
    """A use case's card."""
    return About(name_of(row), (Fact(_("use case"), f"{name_of(row)} · {row.code}"),))


def of_exemption(user: User, row: Any) -> About:
    """An exception asked for, with what is to show it."""
    label = requirement_labels().get(row.requirement, row.requirement)
    return with_release(
        user, row,
        Fact(_("requirement"), label),
        Fact(_("kind"), row.get_kind_display()),
        Fact(_("asked for by"), name_of(row.asked_by)),
        Fact(_("reason"), row.reason),
        *_shown_by(user, row),
    )  # fmt: skip


def _shown_by(user: User, row: Any) -> list[Fact]:
    """The documents that the alternative needs: those handed in, and the kinds still missing."""
    section = lifecycle.section_of(policy.active_pack())
    found = next((one for one in section.requirements if one.key == row.requirement), None)
    if row.kind != "alternative" or found is None or found.alternative is None:
        return []
    needed, kinds = found.alternative.documents, evidence.kinds()
    there = evidence.current(releases.subjects_of(row.release)).filter(kind__in=needed)
    facts = [Fact(_("to be shown by"), one.title, f"/documents/{one.pk}/file/") for one in there]
    labels = [said(kinds[key].label.model_dump()) for key in needed if key in kinds]
    missing = _("%(document)s: not handed in yet")
    return facts or [Fact(_("to be shown by"), missing % {"document": one}) for one in labels]


def of_waiver(user: User, row: Any) -> About:
    """A waiver asked for, with what makes up for it."""
    label = requirement_labels().get(row.requirement, row.requirement)
    return with_release(
        user, row,
        Fact(_("requirement"), label),
        Fact(_("kind"), _("waiver")),
        Fact(_("asked for by"), name_of(row.requested_by)),
        Fact(_("reason"), row.reason),
        Fact(_("compensating measures"), row.compensating_measures),
        Fact(_("expires on"), row.expires_on.isoformat()),
    )  # fmt: skip


def of_finding(user: User, row: Any) -> About:
    """A finding and its plan."""
    return with_release(
        user, row,
        Fact(_("finding"), row.title_shown),
        Fact(_("severity"), row.get_severity_display()),
        Fact(_("detail"), row.detail),
        Fact(_("plan"), row.plan),
        Fact(_("due on"), row.due_on.isoformat() if row.due_on else ""),
    )  # fmt: skip


def of_validation(user: User, row: Any) -> About:
    """A validation as far as it is."""
    level = row.get_explainability_level_display() if row.explainability_level else ""
    tests = [
        _(": ").join([one.name, f"{one.measure} · {one.get_outcome_display()}"])
        for one in row.tests.all()
    ]
    concluded = (
        Fact(_("explainability level"), level),
        Fact(_("limitations"), row.limitations),
        Fact(_("the owner's response"), row.owner_response),
        Fact(_("tests"), "\n".join(tests)),
    )
    return with_release(
        user, row,
        Fact(_("validation"), row.code, row.get_absolute_url()),
        Fact(_("validator"), name_of(row.validator)),
        Fact(_("state"), row.get_state_display()),
        Fact(_("conclusion"), row.get_conclusion_display() if row.conclusion else ""),
        Fact(_("summary"), row.summary),
        *(one for one in concluded if one.value),
    )  # fmt: skip


def of_approval(user: User, row: Any) -> About:
    """An approval."""
    return with_release(
        user, row,
        Fact(_("approval"), row.code, row.get_absolute_url()),
        Fact(_("state"), row.get_state_display()),
    )  # fmt: skip


def of_condition(user: User, row: Any) -> About:
    """A condition of an approval."""
    told = of_approval(user, row.approval)
    more = (
        Fact(_("condition"), row.text),
        Fact(_("owner"), name_of(row.owner)),
        Fact(_("due on"), row.due_on.isoformat()),
    )
    return About(told.name, (*more, *told.facts))


def of_package(user: User, row: Any) -> About:
    """A review package and what waits in it."""
    waiting = review_queries.pending([row.pk]).order_by("kind").values_list("kind", flat=True)
    section = review_queries.active_section()
    labels = [kind_in_words(section, key) for key in waiting]
    facts = (
        Fact(_("review package"), row.code, row.get_absolute_url()),
        Fact(_("due on"), row.due_on.isoformat()),
        Fact(_("waiting reviews"), _("; ").join(labels) or "–"),
    )
    if row.release is None:
        return About(name_of(row.entity), facts)
    told = of_release(user, row.release)
    return About(told.name, (*facts, *told.facts))


def of_review(user: User, row: Any) -> About:
    """A review, with what has been handed in."""
    row.package.release = row.release
    told = of_package(user, row.package)
    section = review_queries.section_of(row.pack)
    kind, outcome = section.kind(row.kind), section.outcome(row.outcome)
    more = [Fact(_("kind of review"), kind_in_words(section, row.kind))]
    if outcome is not None:
        answers = [
            _(": ").join([said(one.label.model_dump()), row.checklist.get(one.key, "–")])
            for one in (kind.checklist if kind is not None else ())
        ]
        more += [
            Fact(_("outcome"), outcome_in_words(outcome)),
            Fact(_("summary"), row.summary),
            Fact(_("carried out by"), name_of(row.submitted_by)),
            Fact(_("checklist"), "\n".join(answers)),
        ]
    found = Explanation.objects.filter(review=row).first()
    if found is not None and row.release is not None:
        level = row.release.get_explainability_level_display() or "–"
        shown = f"{level} → {found.get_level_display()}"
        more.append(Fact(_("explainability level"), shown))
    return About(told.name, (*more, *told.facts))


def of_order(user: User, row: Any) -> About:
    """A stop or a restriction."""
    (order,) = suspensions.with_targets([row])
    text, url = suspensions.target_of(order)
    return About(
        text,
        (
            Fact(_("order"), row.get_kind_display()),
            Fact(_("about"), text, url),
            Fact(_("reason"), row.reason),
            Fact(_("ordered by"), name_of(row.ordered_by)),
            *([Fact(_("state"), orders.waits(row))] if orders.waits(row) else []),
            *([Fact(_("reason for lifting"), row.lift_reason)] if row.lift_reason else []),
        ),
    )


def of_drill_report(user: User, row: Any) -> About:
    """A drill report, as far as one needs it to countersign."""
    told = of_order(user, row.order)
    minutes = "–" if row.rto_minutes is None else row.rto_minutes
    facts = (
        Fact(_("scenario"), row.scenario),
        Fact(_("participants"), row.participants),
        Fact(_("minutes until it was fully in effect"), minutes),
        Fact(_("findings"), row.findings or "–"),
        Fact(_("actions"), row.actions or "–"),
        Fact(_("written by"), name_of(row.written_by)),
    )
    return About(told.name, (*facts, *told.facts))


def of_clock(user: User, row: Any) -> About:
    """A legal clock and what started it."""
    section = clock_queries.section_of(row.pack)
    facts = (
        Fact(_("legal clock"), clock_in_words(section, row.kind), row.get_absolute_url()),
        Fact(_("what happened"), row.reason),
        Fact(_("due at"), local_minute(row.due_at)),
        Fact(_("started by"), name_of(row.started_by)),
    )
    if row.release is None:
        return About(row.code, facts)
    told = of_release(user, row.release)
    return About(row.code, (*facts, *told.facts))


def of_campaign(user: User, row: Any) -> About:
    """An attestation campaign."""
    facts = (
        Fact(_("attestation campaign"), f"{row.title} · {row.code}", row.get_absolute_url()),
        Fact(_("due on"), row.due_on.isoformat()),
    )
    return About(row.title, facts)


def of_initiation(user: User, row: Any) -> About:
    """Somebody who may know of a confidential model."""
    told = of_model(user, row.model)
    return About(told.name, (Fact(_("person"), name_of(row.user)), *told.facts))


def of_plan(user: User, row: Any) -> About:
    """An intervention plan and its release."""
    return with_release(
        user, row,
        Fact(_("intervention plan"), row.code, row.get_absolute_url()),
        Fact(_("state"), row.get_state_display()),
        Fact(_("drafted by"), name_of(row.drafted_by)),
    )  # fmt: skip


def of_competence(user: User, row: Any) -> About:
    """What somebody is trained for."""
    labels = checkpoint_queries.active_section().competences
    label = said(labels[row.key].model_dump()) if row.key in labels else row.key
    return About(
        f"{name_of(row.user)} · {label}",
        (
            Fact(_("reviewer"), name_of(row.user), row.user.get_absolute_url()),
            Fact(_("competence"), label),
            Fact(_("to"), row.valid_to.isoformat()),
            Fact(_("training record"), row.proof),
        ),
    )


def of_case(user: User, row: Any) -> About:
    """A case at run time."""
    output = [] if checkpoint_queries.is_hidden(user, row) else [row.output]
    return with_release(
        user, row,
        Fact(_("case"), row.code, row.get_absolute_url()),
        Fact(_("reference"), row.reference),
        *(Fact(_("the model's output"), one) for one in output),
        Fact(_("due at"), local_minute(row.due_at)),
    )  # fmt: skip
