"""The explainability review: what it found, written before it is handed in."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from governance.reviews.models import Explanation, Method, Review
from governance.reviews.rules import importances
from governance.reviews.services import checking
from registry.core.errors import DomainError, NotFound
from registry.core.ledger import services as ledger
from registry.core.people.models import User
from registry.evidence import queries as evidence
from registry.evidence.models import Document
from registry.releases.models import ExplainabilityLevel

_SHARES = ("stability", "fidelity", "reason_code_agreement")
_TEXTS = ("scope", "local_results", "customer_test", "limits", "decision")


@dataclass(frozen=True)
class Explained:
    """What was found. stability, fidelity, reason_code_agreement: 0 to 1; None: not measured."""

    method: str
    level: str
    scope: str
    local_results: str
    customer_test: str
    limits: str
    decision: str
    stability: Decimal | None = None
    fidelity: Decimal | None = None
    reason_code_agreement: Decimal | None = None


def explain(
    *, actor: User, review_id: uuid.UUID, told: Explained, document_id: uuid.UUID | None = None
) -> Explanation:
    """The open review holds what was found; the importances are read from the document.

    document_id: a file of an explanation tool, handed in about the review's package; left out, an
    earlier one stays. Raises DomainError naming the field, or what is wrong with the file;
    Conflict where the review has been handed in.
    """
    _check(told)
    with ledger.act(actor) as act:
        row = checking.lock(review_id)
        checking.check_explains(actor, row)
        changes = vars(told) | _read(row, document_id)
        found = Explanation.objects.select_for_update().filter(review=row).first()
        if found is None:
            return act.create(Explanation(review=row, **changes), "explanation.written")
        return act.update(found, "explanation.rewritten", changes)


def _check(told: Explained) -> None:
    if told.method not in Method.values:
        raise DomainError("unknown_method", _("Unknown method."), field="method", status=400)
    if told.level not in ExplainabilityLevel.values:
        raise DomainError(
            "unknown_level",
            _("The explainability level is E1, E2, E3 or E4."),
            field="level",
            status=400,
        )
    for field in _TEXTS:
        checking.check_reason(getattr(told, field), field)
    for field in _SHARES:
        value = getattr(told, field)
        if value is not None and not (value.is_finite() and 0 <= value <= 1):
            raise DomainError("not_a_share", _("A number from 0 to 1."), field=field, status=400)


def _read(row: Review, document_id: uuid.UUID | None) -> dict[str, Any]:  # Any: column values
    """The columns that the file gives."""
    if document_id is None:
        return {}
    document = Document.objects.filter(pk=document_id, subject_id=row.package_id).first()
    if document is None:
        raise NotFound(
            "not_found",
            _("No document about this review package has this key."),
            field="document",
        )
    with evidence.opened(document.sha256) as file:
        content = file.read(importances.MOST_BYTES + 1)
    found = importances.read(document.file_name, content)
    # As text: a float has no one spelling, and the ledger takes none.
    shares = [[name, f"{share:.6f}"] for name, share in found.shares]
    return {"document": document, "tool": found.tool[:80], "importances": shares}
