"""The verb about foreign model cards."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from governance.cards import queries
from governance.cards import services as cards
from governance.cards.rules.reading import MOST_BYTES
from governance.desk.admin import card_forms
from governance.desk.admin.verbs.base import Verb
from registry.catalogue.queries import visible_versions
from registry.core.people.models import User
from registry.core.people.rules import Capability


def _versions(user: User) -> QuerySet[Any]:
    return queries.whole(visible_versions(user))


def _hand_in(user: User, subject: Any, data: dict[str, Any]) -> object:
    file = data["file"]
    content = file.read(MOST_BYTES + 1)
    return cards.hand_in(actor=user, version=subject, file_name=file.name, content=content)


def _page(made: Any) -> str:  # Any: what the service returned
    return f"/documents/{made.document.pk}/card/"


CARD_VERBS: dict[str, Verb] = {
    "hand-in-card": Verb(
        _("Hand in a foreign model card"), Capability.HAND_IN_EVIDENCE, _versions,
        card_forms.CardForm, _hand_in, lambda subject: str(subject.model.get_absolute_url()),
        explanation=_(
            "It stands as evidence of the version: a material document, which voids an approval"
            " that was given without it. What it says otherwise is shown; nothing is taken over."
        ),
        forward=_page,
    ),
}  # fmt: skip
