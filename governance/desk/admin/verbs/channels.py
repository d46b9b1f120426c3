"""The verbs about channels."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.desk.admin import channel_forms, forms
from governance.desk.admin.verbs.base import Verb
from governance.desk.admin.verbs.people import Secret
from registry.core.notices import queries
from registry.core.notices import services as notices
from registry.core.notices.services import NewChannel
from registry.core.people.models import User
from registry.core.people.queries import visible_entities
from registry.core.people.rules import Capability


def _page(subject: Any) -> str:
    return "/channels/"


def _open(user: User, subject: Any, data: dict[str, Any]) -> object:
    """The secret that was made up is the verb's result; the page shows it this once."""
    row, secret = notices.open_channel(actor=user, told=NewChannel(**data))
    return Secret(secret) if secret else row


CHANNEL_VERBS: dict[str, Verb] = {
    "open-channel": Verb(
        _("Open a channel"), Capability.MANAGE_CHANNELS, visible_entities,
        channel_forms.ChannelForm, _open, _page,
        explanation=_(
            "What people are told from now on goes there too: title and link alone, nothing of"
            " confidential models."
        ),
    ),
    "try-channel": Verb(
        _("Send a test"), Capability.MANAGE_CHANNELS, queries.visible_channels,
        forms.NothingForm,
        lambda user, subject, data: notices.try_channel(actor=user, channel_id=subject.pk),
        _page,
        done=lambda row: gettext("It is on its way; within a minute the log tells its fate."),
    ),
    "retry-channel": Verb(
        _("Try what failed again"), Capability.MANAGE_CHANNELS, queries.visible_channels,
        forms.NothingForm,
        lambda user, subject, data: notices.retry_failed(actor=user, channel_id=subject.pk),
        _page,
    ),
    "close-channel": Verb(
        _("Close the channel"), Capability.MANAGE_CHANNELS, queries.visible_channels,
        forms.NothingForm,
        lambda user, subject, data: notices.close_channel(actor=user, channel_id=subject.pk),
        _page, is_danger=True,
        explanation=_("Nothing more goes there; what waits for it is given up."),
    ),
}  # fmt: skip
