"""Who may validate, and when a validation may go on. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from registry.core.errors import DomainError, SegregationRefused


@dataclass(frozen=True)
class Candidate:
    """Somebody who would validate or sign off, as independence sees them."""

    is_person: bool
    is_technical_administrator: bool
    is_vendor_staff: bool
    is_owner: bool
    is_developer: bool
    is_validator: bool = False


def check_independent(candidate: Candidate) -> None:
    """Raises SegregationRefused (`not_independent`) where developer = validator, and the like.

    SR 26-2; 商业银行互联网贷款管理暂行办法 Art. 37 39 (recalled).
    """
    if (
        not candidate.is_person
        or candidate.is_technical_administrator
        or candidate.is_vendor_staff
        or candidate.is_owner
        or candidate.is_developer
    ):
        raise SegregationRefused(
            "not_independent",
            "Owner, developers, vendor staff, machines and technical administrators "
            "don't validate.",
            field="validator",
        )


def check_signer(candidate: Candidate) -> None:
    """Raises SegregationRefused where the validator signs off the own work."""
    check_independent(candidate)
    if candidate.is_validator:
        raise SegregationRefused(
            "own_signature", "A validation is signed off by another person than its validator."
        )


def check_conclusion(conclusion: str, tests: int, failed: int, limitations: str) -> None:
    """Raises DomainError where the conclusion does not fit what was found."""
    if tests == 0:
        raise DomainError("no_tests", "Record at least one test before concluding.", field="tests")
    if failed and conclusion == "satisfactory":
        raise DomainError(
            "conclusion_contradicts",
            "With a failed test the conclusion can't be “satisfactory”.",
            field="conclusion",
        )
    if conclusion == "with_limitations" and len(limitations.strip()) < 6:
        raise DomainError(
            "limitations_needed",
            "Describe the limitations (at least 6 characters).",
            field="limitations",
        )
