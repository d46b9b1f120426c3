"""The verbs about the experiments pool: what of it is claimed for the inventory."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from governance.desk.admin import experiment_forms
from governance.desk.admin.verbs.base import Verb
from governance.mlflow_compat import queries
from governance.mlflow_compat import services as experiments
from registry.core.people.models import User
from registry.core.people.rules import Capability


def _names(user: User) -> QuerySet[Any]:
    return queries.visible_to(user).select_related("model", "entity", "registered_by")


def _versions(user: User) -> QuerySet[Any]:
    return queries.visible_versions(user).select_related(
        "registered__model", "registered_by", "enrichment"
    )


EXPERIMENT_VERBS: dict[str, Verb] = {
    "claim-experiment": Verb(
        _("Claim for a model"), Capability.REGISTER, _names, experiment_forms.NameClaimForm,
        lambda user, subject, data: experiments.claim_name(
            actor=user, registered_id=subject.pk, **data
        ),
        lambda subject: str(subject.get_absolute_url()),
        explanation=_("The name belongs to a model of the inventory from then on, for good. Its"
                      " versions are claimed one by one."),
    ),
    "claim-version": Verb(
        _("Claim as a version"), Capability.REGISTER_VERSION, _versions,
        experiment_forms.VersionClaimForm,
        lambda user, subject, data: experiments.claim_version(
            actor=user, version_id=subject.pk, **data
        ),
        lambda subject: f"/experiments/{subject.registered_id}/",
        explanation=_("A version of the inventory can be released, validated and approved."),
    ),
}  # fmt: skip
