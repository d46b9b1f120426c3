"""The verbs about sources, and about the differences that were found there."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.desk.admin import discovery_forms, forms
from governance.desk.admin.verbs.base import Verb
from governance.desk.admin.verbs.people import Secret
from registry.catalogue.models import ModelVersion
from registry.core.errors import DomainError
from registry.core.people.models import User
from registry.core.people.queries import visible_entities
from registry.core.people.rules import Capability
from registry.discovery import queries
from registry.discovery import services as discovery
from registry.discovery.services import NewSource


def _page(subject: Any) -> str:
    return "/discovery/#sources"


def _own(subject: Any) -> str:
    return str(subject.get_absolute_url())


def _sources(user: User) -> QuerySet[Any]:
    return queries.visible_sources(user).select_related("entity")


def _sightings(user: User) -> QuerySet[Any]:
    return queries.whole(queries.visible_to(user))


def _open(user: User, subject: Any, data: dict[str, Any]) -> object:
    """The secret of its webhooks is the verb's result; the page shows it this once."""
    row, secret = discovery.open_source(actor=user, told=NewSource(**data))
    return Secret(secret) if secret else row


def _link(user: User, subject: Any, data: dict[str, Any]) -> object:
    model, label = data["model"], data["version"].strip()
    version = ModelVersion.objects.filter(model=model, label=label).first() if label else None
    if label and version is None:
        raise DomainError(
            "unknown_version",
            gettext("The model has no version “%(label)s”.") % {"label": label[:60]},
            field="version",
        )
    return discovery.link(
        actor=user, sighting_id=subject.pk, model=model, version=version, reason=data["reason"]
    )


DISCOVERY_VERBS: dict[str, Verb] = {
    "open-source": Verb(
        _("Open a source"), Capability.MANAGE_SOURCES, visible_entities,
        discovery_forms.SourceForm, _open, _page,
        explanation=_(
            "It is read every night, and every hour for what has changed. Nothing is written there."
        ),
    ),
    "renew-source": Verb(
        _("Renew address and token"), Capability.MANAGE_SOURCES, _sources,
        discovery_forms.AddressForm,
        lambda user, subject, data: discovery.renew_source(
            actor=user, source_id=subject.pk, **data
        ),
        _page,
    ),
    "close-source": Verb(
        _("Close the source"), Capability.MANAGE_SOURCES, _sources, forms.NothingForm,
        lambda user, subject, data: discovery.close_source(actor=user, source_id=subject.pk),
        _page, is_danger=True,
        explanation=_("It is read no more. What was found there stays to be decided."),
    ),
    "scan-source": Verb(
        _("Look now"), Capability.SCAN_SOURCES, _sources, forms.NothingForm,
        lambda user, subject, data: discovery.request_scan(actor=user, source=subject),
        _page,
        done=lambda job: gettext("It is being looked at; the progress is shown here."),
        forward=lambda job: f"/jobs/{job.pk}/",
    ),
    "link-sighting": Verb(
        _("It is a model of ours"), Capability.ANSWER_SIGHTINGS, _sightings,
        discovery_forms.LinkForm, _link, _own,
        explanation=_("From then on this name there is compared with that model."),
    ),
    "accept-sighting": Verb(
        _("Confirm what was seen"), Capability.ANSWER_SIGHTINGS, _sightings,
        discovery_forms.AcceptForm,
        lambda user, subject, data: discovery.accept(
            actor=user, sighting_id=subject.pk, **data
        ),
        _own,
    ),
    "dismiss-sighting": Verb(
        _("Dismiss"), Capability.ANSWER_SIGHTINGS, _sightings, discovery_forms.DismissForm,
        lambda user, subject, data: discovery.dismiss(
            actor=user, sighting_id=subject.pk, **data
        ),
        _own,
        explanation=_("It comes back when what was seen changes, or on the day that you name."),
    ),
}  # fmt: skip
