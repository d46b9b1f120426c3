"""The verbs about reviews."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from governance.desk.admin import forms, review_forms
from governance.desk.admin.verbs.base import Verb, hand_in
from governance.reviews import queries
from governance.reviews import services as reviews
from governance.reviews.services import Explained, Report
from registry.core.ledger import services as ledger
from registry.core.people.models import User
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
    file = told.pop("file")
    with ledger.act(user):
        document = None
        if file:
            paper = {"kind": "explanation_data", "title": file.name, "file": file, "statement": ""}
            document = hand_in(user, subject.package, paper)
        return reviews.explain(
            actor=user, review_id=subject.pk, told=Explained(**told),
            document_id=getattr(document, "pk", None),
        )  # fmt: skip


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
