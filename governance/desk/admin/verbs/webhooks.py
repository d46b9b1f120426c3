"""The verbs about webhooks."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.desk.admin import forms, webhook_forms
from governance.desk.admin.verbs.base import Verb
from governance.desk.admin.verbs.people import Secret
from governance.desk.admin.webhook_forms import types_of
from governance.webhooks import queries
from governance.webhooks import services as webhooks
from governance.webhooks.services import Changed, NewSubscription, Replayed
from governance.webhooks.services.replaying import MOST
from registry.core.people.models import User
from registry.core.people.queries import visible_entities
from registry.core.people.rules import Capability


def _list(subject: Any) -> str:
    return "/webhooks/"


def _page(subject: Any) -> str:
    return str(subject.get_absolute_url())


def _open(user: User, subject: Any, data: dict[str, Any]) -> object:
    """The secret that was made up is the verb's result; the page shows it this once."""
    told = {name: data[name] for name in ("name", "address", "secret", "entity", "description")}
    new = NewSubscription(types=types_of(data), **told)
    row, secret = webhooks.open_subscription(actor=user, told=new)
    return Secret(secret) if secret else row


def _change(user: User, subject: Any, data: dict[str, Any]) -> object:
    told = Changed(
        name=data["name"],
        description=data["description"],
        entity=data["entity"],
        types=types_of(data),
        address=data["address"] or None,
        secret=data["secret"] or None,
    )
    return webhooks.change_subscription(actor=user, subscription_id=subject.pk, told=told)


def _rotate(user: User, subject: Any, data: dict[str, Any]) -> object:
    row, secret = webhooks.rotate_secret(actor=user, subscription_id=subject.pk, **data)
    return Secret(secret) if secret else row


def _try(user: User, subject: Any, data: dict[str, Any]) -> object:
    return webhooks.try_subscription(actor=user, subscription_id=subject.pk)[0]


def _tried(row: Any) -> str:
    if row.state == "sent":
        told = gettext("The receiver has taken the test after %(time)s ms.")
        return told % {"time": row.milliseconds}
    return gettext("The test was not taken: %(error)s") % {"error": gettext(row.error)}


def _replay(user: User, subject: Any, data: dict[str, Any]) -> object:
    if data["what"] == "since":
        return webhooks.replay(actor=user, subscription_id=subject.pk, since=data["since"])
    failed = queries.visible_sendings(user).filter(subscription=subject, state="failed")
    keys = list(
        failed.exclude(seq=None).order_by("seq").values_list("message_id", flat=True)[:MOST]
    )
    if not keys:
        return Replayed(0, 0, is_complete=True)
    return webhooks.replay(actor=user, subscription_id=subject.pk, message_ids=keys)


def _replayed(done: Any) -> str:
    told = gettext("Messages that go out again: %(count)s.") % {"count": done.count}
    return told if done.is_complete else f"{told} {gettext('There are more: repeat it later.')}"


WEBHOOK_VERBS: dict[str, Verb] = {
    "open-webhook": Verb(
        _("Open a webhook"), Capability.MANAGE_CHANNELS, visible_entities,
        webhook_forms.WebhookForm, _open, _list,
        explanation=_(
            "What happens from now on is told there: keys, codes and states, no names, no texts,"
            " nothing of confidential models."
        ),
    ),
    "change-webhook": Verb(
        _("Change"), Capability.MANAGE_CHANNELS, queries.visible_to,
        webhook_forms.WebhookChangeForm, _change, _page,
    ),
    "try-webhook": Verb(
        _("Send a test"), Capability.MANAGE_CHANNELS, queries.visible_to,
        forms.NothingForm, _try, _page, done=_tried,
        went_well=lambda row: row.state == "sent",
        explanation=_("It is sent at once; the answer is shown."),
    ),
    "rotate-webhook": Verb(
        _("Change the secret"), Capability.MANAGE_CHANNELS, queries.visible_to,
        webhook_forms.RotateForm, _rotate, _page,
        explanation=_("For a while both secrets sign, so that no message is lost meanwhile."),
    ),
    "replay-webhook": Verb(
        _("Send again"), Capability.MANAGE_CHANNELS, queries.visible_to,
        webhook_forms.ReplayForm, _replay, _page, done=_replayed,
        explanation=_("Under the same message numbers, by which a receiver knows them."),
    ),
    "pause-webhook": Verb(
        _("Pause"), Capability.MANAGE_CHANNELS, queries.visible_to, forms.NothingForm,
        lambda user, subject, data: webhooks.pause_subscription(
            actor=user, subscription_id=subject.pk
        ),
        _page,
        explanation=_("What happens meanwhile is told when it is resumed."),
    ),
    "resume-webhook": Verb(
        _("Resume the webhook"), Capability.MANAGE_CHANNELS, queries.visible_to,
        forms.NothingForm,
        lambda user, subject, data: webhooks.resume_subscription(
            actor=user, subscription_id=subject.pk
        ),
        _page,
        explanation=_("What happened since it stopped is told, too."),
    ),
    "close-webhook": Verb(
        _("Close the webhook"), Capability.MANAGE_CHANNELS, queries.visible_to,
        forms.NothingForm,
        lambda user, subject, data: webhooks.close_subscription(
            actor=user, subscription_id=subject.pk
        ),
        _list, is_danger=True,
        explanation=_("For good: nothing more goes there; what waits for it is given up."),
    ),
}  # fmt: skip
