"""The pages of human intervention: the queue of cases, one case, one plan and its oversight."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.db import DatabaseError
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from governance.checkpoints import queries
from governance.checkpoints import services as checkpoints
from governance.checkpoints.models import Case, Plan
from governance.checkpoints.models.cases import WAITING
from governance.checkpoints.queries import decisions, oversight, trials
from governance.checkpoints.rules.effectiveness import Measure, Verdict
from governance.checkpoints.schema import Checkpoint
from governance.desk.admin.clocks import left_in_words
from governance.desk.admin.oversight_forms import DecideForm
from governance.desk.admin.oversight_plans import plans_in_words, point_in_words, why_held
from governance.desk.admin.pages import PersonRequest, page, said, show
from governance.desk.admin.verbs import offered
from governance.desk.admin.words import name_of
from registry.core import clock
from registry.core.errors import DomainError
from registry.core.ledger import services as ledger
from registry.core.people.models import User
from registry.core.people.queries import get_or_refuse, require, standing
from registry.core.people.rules import Capability
from registry.core.policy.rules import Readings
from registry.core.web.wording import refusal_in, whole_text
from registry.releases.models import Release

MOST, SHOWN = 100, 20
ALARMS = (Verdict.AUTOMATION_BIAS, Verdict.MODEL_FAILURE)
SCALE = 2.5  # the picture of an interval ends at 40 %
VERDICTS = {
    Verdict.TOO_FEW: gettext_lazy("too few cases to tell"),
    Verdict.IN_BAND: gettext_lazy("within the band"),
    Verdict.AUTOMATION_BIAS: gettext_lazy("overrides too rare: people may follow the machine"),
    Verdict.MODEL_FAILURE: gettext_lazy("overrides too frequent: the model may fail"),
}


@page
def cases(request: PersonRequest) -> HttpResponse:
    """What waits for the person and for others, and what was decided lately."""
    user = request.user
    closed = queries.whole(queries.visible_to(user)).exclude(state__in=WAITING)
    mine = queries.mine(user)
    others = queries.waiting(user).exclude(pk__in=[row.pk for row in mine])
    context = {
        "mine": in_words(mine[:SHOWN]),
        "mine_count": f"{len(mine)}+" if len(mine) >= queries.MOST_LOOKED_AT else len(mine),
        "waiting": in_words(others[:SHOWN]),
        "waiting_count": others.count(),
        "closed": in_words(closed.order_by("-opened_at", "pk")[:20]),
        "plans": plans_in_words(
            queries.whole_plans(queries.visible_plans(user).filter(state__in=["draft", "in_force"]))
            .order_by("state", "-drafted_at")[:MOST]
        ),
        "may_decide": standing(user).may(Capability.DECIDE_CASES),
        "is_trained": bool(queries.competences(user)),
    }  # fmt: skip
    return show(request, "cases", _("Human intervention"), context)


@page
@require_POST
def take_up(request: PersonRequest, pk: uuid.UUID) -> HttpResponse:
    """The person looks at the case from now on."""
    row = get_or_refuse(queries.reachable(request.user), pk)
    with ledger.refusals_recorded(request.user, row):
        checkpoints.claim(actor=request.user, case_id=row.pk)
    return HttpResponseRedirect(reverse("desk:case", args=[row.pk]))


@page
def case(request: PersonRequest, pk: uuid.UUID) -> HttpResponse:
    """The decision and what explains it, beside the form that decides; then the next case."""
    user = request.user
    row = get_or_refuse(queries.whole(queries.reachable(user)), pk)
    if not queries.visible_to(user).filter(pk=pk).exists():
        messages.info(request, _("This case is closed: %(code)s.") % {"code": row.code})
        return HttpResponseRedirect(_next(user))
    is_sent = request.method == "POST"
    form = DecideForm(request.POST if is_sent else None, subject=row, user=user)
    if is_sent and form.is_valid():
        require(user, Capability.DECIDE_CASES)
        try:
            done = checkpoints.decide(actor=user, case_id=row.pk, **form.cleaned_data)
        except (DomainError, DatabaseError) as error:
            refusal = refusal_in(error)
            if refusal is None:
                raise
            ledger.record_refusal(actor=user, subject=row, refusal=refusal)
            name = refusal.field if refusal.field in form.fields else None
            form.add_error(name, whole_text(refusal))
        else:
            messages.success(request, _outcome_in_words(user, done))
            return HttpResponseRedirect(_next(user))
    return show(request, "case", row.code, _case(user, row, form), 422 if form.errors else 200)


@page
def plan(request: PersonRequest, pk: uuid.UUID) -> HttpResponse:
    """What the plan says, and how well people oversee by it."""
    user = request.user
    row = get_or_refuse(queries.whole_plans(queries.visible_plans(user)), pk)
    (told,) = plans_in_words([row])
    labels = {one.key: said(one.label.model_dump()) for one in row.told.checkpoints}
    trial, fired = _trial(row, labels)
    keys = {"draft": ("test-plan", "activate-plan", "withdraw-plan"), "in_force": ("test-plan",)}
    context = {
        "plan": told,
        "verbs": offered(user, *keys.get(row.state, ())),
        "again": offered(user, "draft-plan"),
        "may_try": bool(offered(user, "test-plan")),
        "trial": trial,
        "idle": [labels.get(key, key) for key in trials.idle(row, fired)],
        **_overseen(user, row, labels),
    }
    return show(request, "plan", row.code, context)


@page
@require_POST
def try_plan(request: PersonRequest, pk: uuid.UUID) -> HttpResponse:
    """What the plan would have made of recorded decisions is worked out; its progress is shown."""
    row = get_or_refuse(queries.visible_plans(request.user), pk)
    job = checkpoints.request_trial(actor=request.user, plan_id=row.pk)
    return HttpResponseRedirect(f"/jobs/{job.pk}/")


def of_release(user: User, release: Release) -> dict[str, Any]:
    """What the release's story shows of human intervention."""
    rows = queries.whole_plans(
        queries.visible_plans(user).filter(release=release, state__in=["draft", "in_force"])
    )
    waiting = queries.visible_to(user).filter(release=release, state__in=WAITING).count()
    return {
        "plans": plans_in_words(rows.order_by("-state", "-drafted_at")[:5]),
        "waiting_cases": waiting,
        "plan_verbs": offered(user, "draft-plan"),
    }


def in_words(rows: Iterable[Case]) -> list[Case]:
    """The cases with their names and what is left of their limits."""
    found, now = list(rows), clock.now()
    section = queries.active_section()
    for row in found:
        told: Any = row  # Any: attributes for the template alone
        checkpoint = queries.checkpoint_of(row)
        told.checkpoint_named = said(checkpoint.label.model_dump())
        is_blind = row.hides_advice and row.state in WAITING  # in lists, whoever reads them
        told.checkpoint_label = _("Decision to look at") if is_blind else told.checkpoint_named
        told.point_label = f"{row.point} {point_in_words(section, row.point)}"
        told.model_label = name_of(row.release.model_use.model)
        told.left = left_in_words((row.due_at - now).total_seconds())
        told.is_overdue = row.state in WAITING and now > row.due_at
        whole = (row.due_at - row.opened_at).total_seconds()
        gone = (now - row.opened_at).total_seconds()
        told.percent = 100 if whole <= 0 else max(0, min(100, round(100 * gone / whole)))
    return found


def _case(user: User, row: Case, form: DecideForm) -> dict[str, Any]:
    (told,) = in_words([row])
    checkpoint = queries.checkpoint_of(row)
    decision = decisions.told_of(row)
    is_mine = row.viewed_by_id == user.pk and row.state in WAITING
    is_hidden = queries.is_hidden(user, row)
    return {
        "case": told,
        "decision": decision,
        "fields": sorted(decision["fields"].items()),
        "why": _why(row, checkpoint, decision),
        "is_hidden": is_hidden,
        "form": form if is_mine and not is_hidden else None,
        "is_mine": is_mine,
        "may_take": row.state in WAITING and row in queries.mine(user),
        "min_seconds": checkpoint.min_seconds,
        "reason_label": _reason(row),
        "verbs": _verbs(user, row, is_mine),
    }


def _verbs(user: User, row: Case, is_mine: bool) -> list[tuple[str, Any]]:
    """What there is to press besides deciding."""
    if row.state == "decided" and row.outcome == "override":
        return list(offered(user, "plant-case"))
    keys = []
    if is_mine:
        keys += ["ask-case"] if row.reply or not row.question else []
        keys += ["escalate-case"] if row.state != "escalated" else []
    elif row.state in WAITING and row.question and not row.reply:
        keys += ["reply-case"] if checkpoints.may_reply(user, row) else []
    return list(offered(user, *keys))


def _why(row: Case, checkpoint: Checkpoint, decision: dict[str, Any]) -> list[dict[str, Any]]:
    """The trigger, clause by clause, with the values that it read; an agent's scope before it."""
    told = queries.plan_of(row)
    is_authorised = checkpoint.key == told.authorised_at
    held = why_held(told.agent, decision["output"]) if is_authorised else []
    if checkpoint.rule is None:
        return held
    values = decision["fields"] | {
        "output": decision["output"], "confidence": decision["confidence"],
    }  # fmt: skip
    report = checkpoint.rule.report(Readings(values))
    outcomes = {"pass": _("holds"), "fail": _("does not hold"), "unknown": _("cannot be decided")}
    return held + [
        {
            "part": part,
            "clause": clause.expression,
            "outcome": outcomes[clause.outcome.value],
            "values": ", ".join(
                f"{name} = {'–' if value is None else value}" for name, value in clause.values
            ),
        }
        for part in ("when", "all", "any", "unless")
        for clause in getattr(report, part)
    ]


def _reason(row: Case) -> str:
    codes = queries.active_section().reason_codes
    found = next((one for one in codes if one.key == row.reason_code), None)
    return said(found.label.model_dump()) if found is not None else row.reason_code


def _outcome_in_words(user: User, done: Case) -> str:
    if done.first_by_id == user.pk:
        return _("Your view is recorded; a second person decides.")
    if done.state == "escalated":
        return _("The two views differ: somebody else decides.")
    return _("The case is decided.")


def _next(user: User) -> str:
    """The queue, where the next case waits."""
    return reverse("desk:cases")


def _overseen(user: User, row: Plan, labels: dict[str, str]) -> dict[str, Any]:
    """The figures of the plan's release, in words; of reviewers, a reviewer reads the own alone."""
    release, band = row.release, queries.active_section().band
    found = oversight.overseen(release)
    is_one = standing(user).is_one_of(Capability.DECIDE_CASES) and queries.is_blind(user)
    reviewers = [one for one in found.reviewers if not is_one or one.name == str(user.pk)]
    keys = [one.name for one in reviewers if len(one.name) == 36]
    people = {str(one.pk): one.name for one in User.objects.filter(pk__in=keys)}
    answers = oversight.answers(release)
    return {
        "band": band,
        "by_checkpoint": _lines(found.checkpoints, _former_labels(release) | labels),
        "by_reviewer": _lines(reviewers, people, band.streak),
        "by_month": _lines(found.months, {}),
        "answers": answers,
        "answered": sum(answers.values()),
        "missed": oversight.missed_percent(release),
        "agreed": oversight.agreement(release),
        "detected": oversight.detected(release),
        "gave_way": oversight.gave_way(release),
    }


def _former_labels(release: Release) -> dict[str, str]:
    """The labels of the checkpoints of the release's plans, the latest where keys are alike."""
    rows = Plan.objects.filter(release=release, state__in=["in_force", "replaced"])
    return {
        one.key: said(one.label.model_dump())
        for sha256, key in rows.order_by("activated_at").values_list("sha256", "pk")
        for one in queries.compiled(sha256, key)[0].checkpoints
    }


def _trial(row: Plan, labels: dict[str, str]) -> tuple[dict[str, Any] | None, dict[str, int]]:
    """The latest trial, with the checkpoints' labels and the days as bars; and what fired in it."""
    job = trials.latest_trial(row)
    if job is None or not job.result:
        return None, {}
    result: dict[str, Any] = job.result  # Any: JSON
    fired: dict[str, int] = result["by_checkpoint"]
    most = max((day[0] for day in result["by_day"].values()), default=1)
    shown = fired | dict.fromkeys(result.get("never", ()), 0)
    return result | {
        "at": job.ended_at,
        "fired": [(labels.get(key, key), many) for key, many in shown.items()],
        "days": [{"day": day, "all": told[0], "now": told[2], "width": 100 * told[2] / most}
                 for day, told in result["by_day"].items()],
    }, fired  # fmt: skip


def _lines(
    found: list[oversight.Overseen], names: dict[str, str], streak: int | None = None
) -> list[dict[str, Any]]:
    """The lines of a table; `streak`: from how many in a row on a reviewer is suspected."""
    return [
        {
            "name": names.get(one.name, one.name),
            "figures": one.figures,
            "verdict": _verdict(one.figures, streak),
            "is_alarming": one.figures.verdict in ALARMS or _is_streak(one.figures, streak),
            "low": min(100, one.figures.low * SCALE),
            "width": max(1, (min(100 / SCALE, one.figures.high) - one.figures.low) * SCALE),
            "mark": min(99, one.figures.rate * SCALE),
            "lapsed": one.lapsed,
            "waiting": one.waiting,
        }
        for one in found
    ]


def _is_streak(figures: Measure, streak: int | None) -> bool:
    return streak is not None and figures.streak >= streak


def _verdict(figures: Measure, streak: int | None) -> str:
    if _is_streak(figures, streak) and figures.verdict not in ALARMS:
        return _("%(n)s in a row without an override") % {"n": figures.streak}
    return str(VERDICTS[figures.verdict])
