"""Releases' verbs. The stage is not among them: see staging.py."""

from registry.releases.services.deploying import (
    MOST_AT_ONCE,
    Deployed,
    record_deployment,
    record_deployments,
)
from registry.releases.services.releasing import (
    attach_version,
    end_approval,
    lock,
    lock_all,
    open_release,
    record_approval,
    record_explainability,
    record_validation,
)

__all__ = [
    "MOST_AT_ONCE",
    "Deployed",
    "attach_version",
    "end_approval",
    "lock",
    "lock_all",
    "open_release",
    "record_approval",
    "record_deployment",
    "record_deployments",
    "record_explainability",
    "record_validation",
]
