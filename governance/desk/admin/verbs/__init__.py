"""Every verb of the desk, and the one view that shows and performs them."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.db import DatabaseError
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext

from governance.desk.admin import gates
from governance.desk.admin.pages import PersonRequest, page, show
from governance.desk.admin.subjects import about
from governance.desk.admin.verbs.base import Verb
from governance.desk.admin.verbs.cards import CARD_VERBS
from governance.desk.admin.verbs.channels import CHANNEL_VERBS
from governance.desk.admin.verbs.clocks import CLOCK_VERBS
from governance.desk.admin.verbs.discovery import DISCOVERY_VERBS
from governance.desk.admin.verbs.experiments import EXPERIMENT_VERBS
from governance.desk.admin.verbs.institution import INSTITUTION_VERBS
from governance.desk.admin.verbs.models import MODEL_VERBS
from governance.desk.admin.verbs.orders import ORDER_VERBS
from governance.desk.admin.verbs.oversight import OVERSIGHT_VERBS
from governance.desk.admin.verbs.people import PEOPLE_VERBS, Secret
from governance.desk.admin.verbs.permits import PERMIT_VERBS
from governance.desk.admin.verbs.releases import RELEASE_VERBS
from governance.desk.admin.verbs.reviews import REVIEW_VERBS
from governance.desk.admin.verbs.watching import WATCHING_VERBS
from governance.desk.admin.verbs.webhooks import WEBHOOK_VERBS
from registry.core.errors import DomainError
from registry.core.ledger import services as ledger
from registry.core.people.models import User
from registry.core.people.queries import get_or_refuse, require
from registry.core.people.rules import Capability
from registry.core.web.wording import refusal_in, whole_text

VERBS: dict[str, Verb] = (
    MODEL_VERBS
    | RELEASE_VERBS
    | REVIEW_VERBS
    | PEOPLE_VERBS
    | INSTITUTION_VERBS
    | CHANNEL_VERBS
    | CLOCK_VERBS
    | OVERSIGHT_VERBS
    | ORDER_VERBS
    | EXPERIMENT_VERBS
    | PERMIT_VERBS
    | WEBHOOK_VERBS
    | WATCHING_VERBS
    | CARD_VERBS
    | DISCOVERY_VERBS
)


@page
def do(request: PersonRequest, verb: str, pk: uuid.UUID) -> HttpResponse:
    """Shows the verb's form, or does it and leads back; a refusal is shown on the form."""
    found = VERBS.get(verb)
    if found is None:
        raise Http404
    require(request.user, found.capability)
    subject = get_or_refuse(found.find(request.user), pk)
    initial = {key: request.GET[key] for key in request.GET if key != "next"}
    back = _next(request) or found.back(subject)
    is_sent = request.method == "POST"
    form = found.form(
        request.POST if is_sent else None, request.FILES if is_sent else None,
        subject=subject, user=request.user, initial=initial,
    )  # fmt: skip
    details: dict[str, Any] = {}
    if is_sent and form.is_valid():
        try:
            made = found.perform(request.user, subject, form.cleaned_data)
        except (DomainError, DatabaseError) as error:
            refusal = refusal_in(error)
            if refusal is None:
                raise
            ledger.record_refusal(actor=request.user, subject=subject, refusal=refusal)
            form.add_error(
                refusal.field if refusal.field in form.fields else None, whole_text(refusal)
            )
            details = refusal.details
        else:
            _tell(request, found, made)
            return HttpResponseRedirect(found.forward(made) if found.forward else back)
    context = {
        "form": form, "verb": found, "about": about(request.user, subject), "back": back,
        "gate": gates.refused(details["gate"]) if "gate" in details else None,
    }  # fmt: skip
    return show(request, "verb", found.title, context, status=422 if form.errors else 200)


def _tell(request: PersonRequest, verb: Verb, made: object) -> None:
    """What has come of it, on the page that follows; a secret this once."""
    told = gettext("Done: %(verb)s.") % {"verb": verb.title}
    told = verb.done(made) if verb.done else told
    is_good = verb.went_well is None or verb.went_well(made)
    (messages.success if is_good else messages.error)(request, told)
    if isinstance(made, Secret):
        told = gettext("The secret, shown this once: %(secret)s") % {"secret": made}
        messages.warning(request, told)
    if isinstance(made, User) and made.pk == request.user.pk:
        update_session_auth_hash(request, made)  # a new password keeps this session


def _next(request: PersonRequest) -> str:
    """Where the button stood, if it says so and lies within this site."""
    asked = request.GET.get("next", "")
    fine = url_has_allowed_host_and_scheme(asked, {request.get_host()}, request.is_secure())
    return asked if fine else ""


def offered(user: User, *keys: str) -> list[tuple[str, Verb]]:
    """Those of the verbs whose buttons exist for the person."""
    from_standing = [(key, VERBS[key]) for key in keys]
    return [(key, verb) for key, verb in from_standing if _may(user, verb.capability)]


def _may(user: User, capability: Capability) -> bool:
    try:
        require(user, capability)
    except DomainError:
        return False
    return True
