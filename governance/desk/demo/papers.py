"""The evidence of the story: the scorecard's own files, and papers that say they are a demo."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from governance.desk.demo.institution import person
from registry.core import clock
from registry.core.ledger.models import Governed
from registry.evidence import queries as evidence_queries
from registry.evidence import services as evidence
from registry.releases.models import Release

_STATEMENT = (
    "演示声明：本文件仅用于演示。/ Demonstration: this document serves the demonstration only."
)
_PAPER = """# {zh} / {en}

> **演示文件，不含真实测试结果。**
> **Demonstration document; it holds no real test results.**

| | |
| --- | --- |
| 模型 Model | {code} {name_zh} / {name_en} |
| 应用场景 Use case | {use_case} |
| 目的 Purpose | {purpose} |
| 流程节点 Process node | {node} |
| 禁止用途 Prohibited uses | {prohibited} |
| 发布 Release | {release}，版本 version {version} |
| 提交 Handed in | {day}，{by} |

真实使用时，此处为“{zh}”的正文与附件。
In real use the text and annexes of “{en}” stand here.
"""


def hand_in_demo(release: Release, kind: str, by: str) -> None:
    """A paper of the kind, which says that it is a demonstration, stands for the release."""
    about, use = evidence_queries.kind(kind), release.model_use
    actor = person(by)
    text = _PAPER.format(
        zh=about.label.zh,
        en=about.label.en,
        code=use.model.code,
        name_zh=use.model.name_zh,
        name_en=use.model.name_en,
        use_case=use.use_case.name_zh,
        purpose=use.use_case.purpose,
        node=use.use_case.process_node,
        prohibited=use.use_case.prohibited_uses,
        release=release.code,
        version=release.version.label if release.version else "–",
        day=clock.today().isoformat(),
        by=actor.name,
    )
    evidence.hand_in(
        actor=actor,
        subject=release,
        kind=kind,
        title=f"{about.label.zh}（演示）",
        file_name=f"{kind}.md",
        content=io.BytesIO(text.encode()),
        statement=_STATEMENT if about.attested else "",
    )


def manifest_of(folder: Path) -> dict[str, Any]:  # Any: JSON
    """What the real model's folder says of itself: files, digests, metrics."""
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return found


def hand_in_real(folder: Path, subject: Governed, by: str) -> None:
    """The real model's own files stand as evidence for the subject."""
    for file in manifest_of(folder)["files"]:
        path = folder / file["path"]
        with path.open("rb") as content:
            evidence.hand_in(
                actor=person(by),
                subject=subject,
                kind=file["kind"],
                title=file["title_zh"],
                file_name=path.name,
                content=content,
            )
