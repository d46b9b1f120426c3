"""Those who manage channels are told where a receiver takes nothing."""

from __future__ import annotations

from governance.webhooks.models import DisabledBecause, Subscription
from registry.core import clock
from registry.core.notices import services as notices
from registry.core.people import queries as people
from registry.core.people.rules import Role

_ZH = {
    DisabledBecause.GONE: "接收方声明已不存在（410）",
    DisabledBecause.FAILING: "连续五天全部失败",
}
_EN = {
    DisabledBecause.GONE: "the receiver says that it is gone (410)",
    DisabledBecause.FAILING: "nothing but failures for five days",
}


def tell_failed(row: Subscription) -> None:
    """A message has failed for good; once a day for each webhook."""
    _tell(
        row,
        "webhook.failed",
        f"Webhook“{row.name}”有消息最终未能送达，可在其页面重新发送。",
        f"A message of the webhook “{row.name}” has failed for good; its page can send it again.",
        f"failed:{clock.today()}",
    )


def tell_disabled(row: Subscription, because: DisabledBecause) -> None:
    """The webhook is disabled, and why."""
    _tell(
        row,
        "webhook.disabled",
        f"Webhook“{row.name}”已停用：{_ZH[because]}。恢复后补发其间的事件。",
        f"The webhook “{row.name}” is disabled: {_EN[because]}. Resumed, it tells what it missed.",
        f"disabled:{clock.now().isoformat()}",
    )


def _tell(row: Subscription, kind: str, text_zh: str, text_en: str, once: str) -> None:
    root = people.root_entity()
    if root is None:
        return
    notices.tell(
        user_ids=people.holders().of(Role.ADMINISTRATOR, root.path),
        kind=kind,
        text_zh=text_zh[:500],
        text_en=text_en[:500],
        once_key=f"webhook:{row.pk}:{once}",
        link=f"/webhooks/{row.pk}/",
    )
