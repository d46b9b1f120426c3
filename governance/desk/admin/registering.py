"""The registration form: twelve questions in plain language, with a live preview."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from governance.desk.admin.fields import text
from governance.desk.admin.pages import PersonRequest, page, said, show
from governance.desk.admin.questions import QuestionsForm
from governance.mlflow_compat import queries as experiments
from governance.mlflow_compat.models import RegisteredModel
from governance.mlflow_compat.services import claim_name
from registry.catalogue.services import NewModel
from registry.classification import queries as classification
from registry.classification.queries import Inputs
from registry.classification.schema import ClassificationSection
from registry.core.errors import DomainError
from registry.core.ledger import services as ledger
from registry.core.people.models import LegalEntity, User
from registry.core.people.queries import get_or_refuse, require, root_entity, visible_entities
from registry.core.people.rules import Capability, Role
from registry.core.policy import queries as policy
from registry.core.web.wording import message_of
from registry.discovery import queries as discovery
from registry.discovery.models import Sighting, SightingKind
from registry.discovery.services import register as register_seen
from registry.registration import queries, services
from registry.systems.models import System
from registry.systems.queries import visible_to as visible_systems
from registry.usecases.services import NewUseCase

CARD = ("purpose", "process_node", "prohibited_uses", "benefit", "affected_people")
STAGES = ("registration", "S0")


class RegistrationForm(QuestionsForm):
    """The model, the card of its first use, and the questions of the pack in force."""

    name_zh = forms.CharField(label=_("name of the model (Chinese)"), max_length=200)
    name_en = forms.CharField(
        label=_("name of the model (English)"), max_length=200, required=False
    )
    description = text(_("description"), required=False)
    entity = forms.ModelChoiceField(label=_("legal entity"), queryset=LegalEntity.objects.none())
    owner = forms.ModelChoiceField(label=_("model owner"), queryset=User.objects.none())
    is_confidential = forms.BooleanField(
        label=_("confidential"),
        required=False,
        help_text=_(
            "Hidden from all others, second line and committees too. Before anybody else can work "
            "on it, let them know of it on its page (“Let somebody know of it”)."
        ),
    )
    use_name_zh = forms.CharField(label=_("name of the use case (Chinese)"), max_length=200)
    use_name_en = forms.CharField(
        label=_("name of the use case (English)"), max_length=200, required=False
    )
    purpose = text(_("purpose"), help_text=_("What is decided or done with it?"))
    process_node = forms.CharField(label=_("process node"), max_length=200, required=False)
    benefit = text(_("benefit"), required=False, rows=2)
    affected_people = text(_("affected people"), required=False, rows=2)
    prohibited_uses = text(
        _("prohibited uses"), required=False, rows=2, help_text=_("What it must never be used for.")
    )
    system = forms.ModelChoiceField(
        label=_("system"), queryset=System.objects.none(), required=False
    )
    is_uninterruptible = forms.BooleanField(
        label=_("uninterruptible"), required=False,
        help_text=_("AML, provisioning, payments: never restricted automatically."),
    )  # fmt: skip

    def __init__(
        self, *args: Any, user: User, section: ClassificationSection, **kwargs: Any
    ) -> None:
        super().__init__(*args, section=section, stages=STAGES, **kwargs)
        owners = User.objects.filter(
            role_assignments__role=Role.OWNER.value, is_active=True
        ).distinct()
        for name, rows in (
            ("entity", visible_entities(user)),
            ("owner", owners.order_by("username")),
            ("system", visible_systems(user)),
        ):
            self.fields[name].queryset = rows  # type: ignore[attr-defined]  # ModelChoiceField

    departing: tuple[str, ...] = ()

    def registration_questions(self) -> list[Any]:
        """Those that everybody answers first."""
        return self.asked("registration")

    def inception_questions(self) -> list[Any]:
        """Those that S0 asks."""
        return self.asked("S0")

    def inception_is_open(self) -> bool:
        """Whether one of them is at fault, so that it must be seen."""
        keys = {one.key: one.fills for one in self.questions if one.stage == "S0"}
        return any(
            key in self.errors or set(fills) & set(self.departing) for key, fills in keys.items()
        )

    def reasons(self) -> list[Any]:
        """The fields of the reasons that are asked for: of the factors that depart."""
        return [self[f"reason_{key}"] for key in self.departing if f"reason_{key}" in self.fields]

    def about_model(self) -> list[Any]:
        """The fields of the model."""
        return [self[name] for name in ("name_zh", "name_en", "description", "entity", "owner",
                                        "is_confidential")]  # fmt: skip

    def about_use(self) -> list[Any]:
        """The fields of the card."""
        return [self[name] for name in ("use_name_zh", "use_name_en", *CARD, "system",
                                        "is_uninterruptible")]  # fmt: skip


def _form(request: PersonRequest) -> RegistrationForm:
    section = classification.section_of(policy.active_pack())
    root = root_entity()
    initial: dict[str, Any] = {"entity": root, "owner": request.user.pk}
    claimed, seen = _claimed(request), _seen(request)
    if seen is not None:
        initial |= {
            "entity": seen.source.entity,
            "name_zh": seen.name[:200],
            "name_en": seen.name[:200],
        }
    if claimed is not None:
        initial |= {
            "entity": claimed.entity, "name_zh": claimed.name[:200], "name_en": claimed.name[:200],
            "description": claimed.description,
        }  # fmt: skip
    return RegistrationForm(
        request.POST or None, user=request.user, section=section, initial=initial
    )


def _claimed(request: PersonRequest) -> RegisteredModel | None:
    """The experiment that is claimed as the new model. Raises NotFound for one of nobody's."""
    key = request.GET.get("experiment", "")
    if not key:
        return None
    rows = experiments.visible_to(request.user).filter(model__isnull=True)
    return get_or_refuse(rows.select_related("entity"), key)


def _seen(request: PersonRequest) -> Sighting | None:
    """What was seen in another system, and is registered now. Raises NotFound for others."""
    key = request.GET.get("sighting", "")
    if not key:
        return None
    rows = discovery.visible_to(request.user).filter(state="open", kind=SightingKind.UNKNOWN)
    return get_or_refuse(rows.select_related("source__entity"), key)


@page
def register(request: PersonRequest) -> HttpResponse:
    """Register a model with its first use: ten minutes, twelve questions."""
    require(request.user, Capability.REGISTER)
    form = _form(request)
    if request.method == "POST" and form.is_valid():
        try:
            made = _register(request, form)
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            messages.success(
                request, gettext("%(code)s is registered.") % {"code": made.model.code}
            )
            return HttpResponseRedirect(f"/models/{made.model.pk}/")
    context = {
        "form": form, "experiment": _claimed(request), "sighting": _seen(request),
        **_preview(request, form),
    }  # fmt: skip
    status = 422 if form.errors and request.method == "POST" else 200
    return show(request, "register", _("Register a model"), context, status=status)


@page
@require_POST
def preview(request: PersonRequest) -> HttpResponse:
    """The grade that the answers so far would get, and models with much the same name."""
    form = _form(request)
    form.is_valid()
    told = _preview(request, form)
    # The reasons asked for are drawn anew only when they are others: somebody may be typing one.
    shown = request.POST.get("reasons_shown", "")
    told |= {"form": form, "draw_reasons": shown != ",".join(form.departing)}
    return show(request, "parts/preview", "", told)


def _preview(request: PersonRequest, form: RegistrationForm) -> dict[str, Any]:
    answers = form.answers()
    told: dict[str, Any] = {"answered": form.answered, "asked": len(form.asked("registration"))}
    names = (request.POST.get("name_zh", ""), request.POST.get("name_en", ""))
    told["alike"] = queries.near_duplicates(request.user, *names)
    if not answers:
        return told
    try:
        graded = classification.preview(Inputs(answers=form.answers()))
    except DomainError as refusal:
        return told | {"fault": message_of(refusal)}
    form.departing = tuple(graded.departures)
    explanation = classification.explanation(graded)
    return told | {"explanation": explanation, "later": _later(form, explanation["unknown"])}


def _later(form: RegistrationForm, unknown: list[str]) -> list[dict[str, str]]:
    """The questions that keep the grade provisional, and where they are answered."""
    places = {
        "registration": gettext("above, in part 3"),
        "S0": gettext("below, in part 4"),
    }
    return [
        {
            "text": said(one.text.model_dump()),
            "where": places.get(
                one.stage,
                gettext("later, before %(stage)s ends: “Answer the questions again” on the page")
                % {"stage": one.stage},
            ),
        }
        for one in form.section.questionnaire.questions
        if set(one.fills) & set(unknown)
    ]


def _register(request: PersonRequest, form: RegistrationForm) -> services.Registered:
    """The model, and with it the name of the experiment from which it comes: both or neither."""
    claimed, seen = _claimed(request), _seen(request)
    with ledger.act(request.user):
        made = _registered(request.user, form)
        if claimed is not None:
            claim_name(actor=request.user, registered_id=claimed.pk, model=made.model, is_new=True)
        if seen is not None:
            register_seen(actor=request.user, sighting_id=seen.pk, model=made.model)
    return made


def _registered(user: User, form: RegistrationForm) -> services.Registered:
    data = form.cleaned_data
    model = NewModel(
        name_zh=data["name_zh"],
        name_en=data["name_en"],
        description=data["description"],
        entity=data["entity"],
        owner=data["owner"],
        is_confidential=data["is_confidential"],
    )
    card = NewUseCase(
        name_zh=data["use_name_zh"],
        name_en=data["use_name_en"],
        entity=data["entity"],
        owner=data["owner"],
        system=data["system"],
        **{name: data[name] for name in CARD},
    )
    return services.register(
        actor=user,
        model=model,
        card=card,
        using_entity=data["entity"],
        inputs=form.inputs(),
        is_uninterruptible=data["is_uninterruptible"],
    )
