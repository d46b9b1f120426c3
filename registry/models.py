"""Lists the slices' models."""

from registry.catalogue.models import AIModel, ModelVersion, NeedToKnow, VersionDeveloper
from registry.classification.models import Grade, GradeConfirmation, TierOverride
from registry.core.calendars.models import Arrangement
from registry.core.dispatch.models import Cursor, Held
from registry.core.jobs.models import Job
from registry.core.ledger.models import Entry, WarrantUse
from registry.core.notices.models import Channel, Delivery, Notice
from registry.core.people.models import (
    Delegation,
    Department,
    FailedProof,
    LegalEntity,
    Post,
    PostHolding,
    RoleAssignment,
    StepUp,
    StepUpUse,
    Token,
    User,
)
from registry.core.policy.models import PackRelease
from registry.core.web.models import IdempotencyRecord
from registry.discovery.models import KnownName, Scan, Seen, Sighting, Source
from registry.evidence.models import Document
from registry.lineage.models import TrainingEvent
from registry.releases.models import Deployment, Release
from registry.systems.models import System
from registry.usecases.models import ModelUse, UseCase

__all__ = [
    "AIModel",
    "Arrangement",
    "Channel",
    "Cursor",
    "Delegation",
    "Delivery",
    "Department",
    "Deployment",
    "Document",
    "Entry",
    "FailedProof",
    "Grade",
    "GradeConfirmation",
    "Held",
    "IdempotencyRecord",
    "Job",
    "KnownName",
    "LegalEntity",
    "ModelUse",
    "ModelVersion",
    "NeedToKnow",
    "Notice",
    "PackRelease",
    "Post",
    "PostHolding",
    "Release",
    "RoleAssignment",
    "Scan",
    "Seen",
    "Sighting",
    "Source",
    "StepUp",
    "StepUpUse",
    "System",
    "TierOverride",
    "Token",
    "TrainingEvent",
    "UseCase",
    "User",
    "VersionDeveloper",
    "WarrantUse",
]
