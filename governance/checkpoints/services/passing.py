"""A pass over the plans in force: each on its own, so that one that fails keeps no other."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from celery.exceptions import SoftTimeLimitExceeded

from governance.checkpoints.models import Plan

logger = logging.getLogger(__name__)


class PassFailed(Exception):
    """Some plans did not get through; the others did. The sweep's run counts as failed."""


class Pass:
    """One pass; what fails in it is logged with its plan, and told at its end."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.failed: list[str] = []

    @contextmanager
    def over(self, plan: Plan) -> Iterator[None]:
        """What happens to the plan, however it ends."""
        try:
            yield
        except SoftTimeLimitExceeded:
            raise
        except Exception:
            logger.exception("%s: plan %s has failed", self.name, plan.code)
            self.failed.append(plan.code)

    def end(self) -> None:
        """Raises PassFailed where a plan has failed: `/metrics` counts the run among those."""
        if self.failed:
            raise PassFailed(f"{self.name}: {', '.join(sorted(set(self.failed)))}")
