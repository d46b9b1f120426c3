"""Who is told of what a scan has found, and of a source that cannot be read."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from registry.catalogue.models import AIModel
from registry.catalogue.queries import names_shown
from registry.core.notices import services as notices
from registry.core.notices.services import Line
from registry.core.people import queries as people
from registry.core.people.rules import Role
from registry.discovery import queries
from registry.discovery.models import Scan, Sighting
from registry.discovery.rules import Difference

MOST_FAILURES = 3  # whole scans in a row, until whoever manages the source is told
WORDS = {
    Difference.MISSING.value: ("中未见台账所记的部署或名称", "what the register holds is missing"),
    Difference.VERSION_DRIFT.value: (
        "中运行的版本与获批不符",
        "another version than approved runs",
    ),
    Difference.IDENTITY_MISMATCH.value: (
        "中的内容与获批版本不符",
        "the bytes are not the approved",
    ),
}
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
        text_en=f"Unregistered models found in “{source.name}”: {unknown}. Look at them.",
        link="/discovery/?kind=unknown",
        once_key=f"sightings:{scan.pk}",
    )


def tell_owners(rows: Iterable[Sighting]) -> None:
    """Whoever owns the model is told of what differs about it: once for each time it is found."""
    found = [row for row in rows if row.model_id is not None]
    models = AIModel.objects.in_bulk({row.model_id for row in found if row.model_id is not None})
    lines = []
    for row in found:
        model = models[row.model_id] if row.model_id is not None else None
        if model is None:
            continue
        (name_zh, name_en), (zh, en) = names_shown(model), WORDS[row.kind]
        lines.append(
            Line(
                user_id=model.owner_id,
                kind=f"sighting.{row.kind}",
                text_zh=f"{name_zh}：“{row.source.name}”{zh}。",
                text_en=f"{name_en}: {en} in “{row.source.name}”.",
                once_key=f"sighting:{row.pk}:{row.row_version}",
                link=f"/discovery/{row.pk}/",
                stays_inside=model.is_confidential,
            )
        )
    notices.tell_many(lines)


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
