"""Who is told of what a scan has found, and of a source that cannot be read."""

from __future__ import annotations

import uuid

from registry.core.notices import services as notices
from registry.core.people import queries as people
from registry.core.people.rules import Role
from registry.discovery import queries
from registry.discovery.models import Scan

MOST_FAILURES = 3  # whole scans in a row, until whoever manages the source is told
MANAGING = (Role.ADMINISTRATOR, Role.IT_OPERATIONS)


def tell_of_unknown(scan: Scan, unknown: int) -> None:
    """Model risk is told of models that no register knows: once, with the scan that found them."""
    if not unknown:
        return
    source = scan.source
    notices.tell(
        user_ids=_holders(source.entity.path, *queries.MODEL_RISK),
        kind="sighting.unknown",
        text_zh=f"“{source.name}”中发现 {unknown} 个未登记的模型，请核实。",
        text_en=f"{unknown} in “{source.name}” that no model of the register is: look at them.",
        link="/discovery/?kind=unknown",
        once_key=f"sightings:{scan.pk}",
    )


def tell_of_failures(scan: Scan) -> None:
    """Whoever manages sources is told when three whole scans in a row have failed, once."""
    failed = queries.failures(Scan.objects.filter(source=scan.source))
    if not scan.is_whole or failed.count() != MOST_FAILURES:
        return
    source = scan.source
    notices.tell(
        user_ids=_holders(source.entity.path, *MANAGING),
        kind="sighting.source_unread",
        text_zh=f"来源“{source.name}”已连续 {MOST_FAILURES} 次无法读取，请检查地址与凭据。",
        text_en=f"“{source.name}” could not be read {MOST_FAILURES} times in a row: check it.",
        link="/discovery/#sources",
        once_key=f"source:{scan.pk}",
    )


def _holders(path: str, *roles: Role) -> set[uuid.UUID]:
    return {one.pk for role in roles for one in people.holders_of(role, path)}
