"""The verbs about reviews."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from governance.desk.admin import forms, review_forms
from governance.desk.admin.verbs.base import Verb, hand_in
from governance.reviews import queries
from governance.reviews import services as reviews
from governance.reviews.queries import attesting
from governance.reviews.services import Explained, Report
from registry.core.ledger import services as ledger
from registry.core.people.models import User
from registry.core.people.queries import visible_entities
from registry.core.people.rules import Capability
from registry.releases import queries as releases_queries


def _release(user: User) -> QuerySet[Any]:
    return releases_queries.whole(releases_queries.visible_to(user))


def _reviews(user: User) -> QuerySet[Any]:
    return queries.visible_reviews(user).select_related(
        "pack", "package__entity", "release__model_use__model"
    )


def _packages(user: User) -> QuerySet[Any]:
    return queries.whole(queries.visible_to(user))


def _own(subject: Any) -> str:
    return str(subject.get_absolute_url())


def _of_review(subject: Any) -> str:
    return f"/reviews/{subject.package_id}/"


def _explain(user: User, subject: Any, data: dict[str, Any]) -> object:
    """The file, where there is one, is handed in about the package, and read: both or neither."""
    told = dict(data)
    with ledger.act(user):
        document_id = _paper(user, subject, told.pop("document"), told.pop("file"))
        return reviews.explain(
            actor=user, review_id=subject.pk, told=Explained(**told), document_id=document_id
        )


def _compute(user: User, subject: Any, data: dict[str, Any]) -> object:
    """The sample, where it is new, is handed in about the package; the computation waits."""
    with ledger.act(user):
        sample_id = _paper(user, subject, data["document"], data["file"], kind="other")
        assert sample_id is not None  # noqa: S101 (the form asks for one of the two)
        return reviews.request_importances(actor=user, review_id=subject.pk, sample_id=sample_id)


def _paper(
    user: User, subject: Any, chosen: str, file: Any, *, kind: str = "explanation_data"
) -> uuid.UUID | None:
    """The paper's key: the one chosen, or the new file, handed in about the package."""
    if not file:
        return uuid.UUID(chosen) if chosen else None
    told = {"kind": kind, "title": file.name, "file": file, "statement": ""}
    document: Any = hand_in(user, subject.package, told)
    return uuid.UUID(str(document.pk))


REVIEW_VERBS: dict[str, Verb] = {
    "submit-review": Verb(
        _("Carry the review out"), Capability.REVIEW, _reviews, review_forms.SubmitForm,
        lambda user, subject, data: reviews.submit(
            actor=user, review_id=subject.pk, report=Report(**data)
        ),
        _of_review,
        explanation=_("Another person signs it off."),
    ),
    "explain-review": Verb(
        _("Write down the explanation"), Capability.REVIEW, _reviews, review_forms.ExplainForm,
        _explain, _of_review,
        explanation=_("The level is the release's from the moment the review is signed off."),
    ),
    "compute-importances": Verb(
        _("Compute importances"), Capability.REVIEW, _reviews, review_forms.ComputeForm,
        _compute, _of_review,
        explanation=_(
            "From the model's own file and a sample, in the background. The result is a paper;"
            " what it means, and the level, you write down."
        ),
        forward=lambda job: f"/jobs/{job.pk}/",
    ),
    "return-review": Verb(
        _("Hand it back"), Capability.SIGN_REVIEW, _reviews, review_forms.ReturnForm,
        lambda user, subject, data: reviews.hand_back(
            actor=user, review_id=subject.pk, **data
        ),
        _of_review,
    ),
    "sign-off-review": Verb(
        _("Sign the review off"), Capability.SIGN_REVIEW, _reviews, forms.NothingForm,
        lambda user, subject, data: reviews.sign_off(actor=user, review_id=subject.pk),
        _of_review,
        explanation=_("The next review of this kind is planned from today."),
    ),
    "hand-in-review-paper": Verb(
        _("Hand in a document"), Capability.HAND_IN_EVIDENCE, _packages, forms.DocumentForm,
        hand_in, _own,
    ),
    "reassign-package": Verb(
        _("Reassign"), Capability.PLAN_REVIEW, _packages, review_forms.ReassignForm,
        lambda user, subject, data: reviews.reassign(
            actor=user, package_ids=[subject.pk], **data
        ),
        _own,
    ),
    "defer-package": Verb(
        _("Defer the effects"), Capability.WAIVE, _packages, review_forms.DeferForm,
        lambda user, subject, data: reviews.defer(actor=user, package_id=subject.pk, **data),
        _own, is_danger=True,
        explanation=_("Reminders go on. Possible once; the reason stays on record."),
    ),
    "open-campaign": Verb(
        _("Open a campaign"), Capability.PLAN_REVIEW, visible_entities, review_forms.CampaignForm,
        lambda user, subject, data: reviews.open_campaign(actor=user, **data),
        lambda subject: "/attestations/", forward=_own,
        explanation=_("The owners of all live releases are asked; exceptions become findings."),
    ),
    "close-campaign": Verb(
        _("Close the campaign"), Capability.PLAN_REVIEW, attesting.visible_campaigns,
        forms.NothingForm,
        lambda user, subject, data: reviews.close_campaign(actor=user, campaign_id=subject.pk),
        _own, is_danger=True,
        explanation=_("What nobody has confirmed becomes a finding."),
    ),
    "call-for-review": Verb(
        _("Call for a review"), Capability.PLAN_REVIEW, _release, review_forms.CallForm,
        lambda user, subject, data: reviews.call_for(actor=user, release_id=subject.pk, **data),
        _own,
        forward=lambda review: f"/reviews/{review.package_id}/",
    ),
    "record-past-review": Verb(
        _("Record an earlier review"), Capability.SIGN_REVIEW, _release, review_forms.PastForm,
        lambda user, subject, data: reviews.record_past(
            actor=user, release_id=subject.pk, **data
        ),
        _own,
        explanation=_("A review from before the register counts; the next follows from its day."),
    ),
}  # fmt: skip
