"""Grade a use again: the questions of every stage, with what is known filled in."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.desk.admin.pages import PersonRequest, page, show
from governance.desk.admin.questions import QuestionsForm
from registry.classification import queries, services
from registry.classification.rules.answering import answers_of
from registry.core.errors import DomainError
from registry.core.people.queries import get_or_refuse, require
from registry.core.people.rules import Capability
from registry.core.policy import queries as policy
from registry.usecases.models import ModelUse
from registry.usecases.queries import visible_uses

STAGES = ("registration", "S0", "S1", "S2", "S3")


class GradeForm(QuestionsForm):
    """Every question, and a reason for each factor that departs from what the facts suggest."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, stages=STAGES, **kwargs)

    def groups(self) -> list[tuple[Any, list[Any]]]:
        """The questions by the stage that needs them."""
        titles = {
            "registration": _("Registration"),
            "S0": _("S0 inception"),
            "S1": _("S1 development"),
            "S2": _("S2 validation"),
            "S3": _("S3 approval"),
        }
        return [(titles[stage], self.asked(stage)) for stage in STAGES]


@page
def grade(request: PersonRequest, pk: uuid.UUID) -> HttpResponse:
    """The use is graded again; a lower tier waits for its confirmation."""
    require(request.user, Capability.CLASSIFY)
    use = get_or_refuse(visible_uses(request.user).select_related("model"), pk)
    form = GradeForm(
        request.POST or None,
        section=queries.section_of(policy.active_pack()),
        initial=_known(use),
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.assess(actor=request.user, use_id=use.pk, inputs=form.inputs())
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, gettext("The use is graded."))
            return HttpResponseRedirect(f"/models/{use.model_id}/")
    context = {"form": form, "use": use, "back": f"/models/{use.model_id}/"}
    status = 422 if form.errors else 200
    return show(request, "grade", gettext("Classification and grading"), context, status=status)


def _known(use: ModelUse) -> dict[str, Any]:
    last = queries.latest(use)
    if last is None:
        return {}
    section = queries.section_of(policy.active_pack())
    reasons = {f"reason_{key}": text for key, text in last.reasons.items()}
    return answers_of(section, last.vector, last.facts, last.factors) | reasons
