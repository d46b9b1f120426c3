"""Digests: once a working day each person has by e-mail what lies unread in the inbox.

A digest is claimed in a transaction, sent outside it, and marked. Whoever dies in between leaves it
claimed: the next sweep sends it again under the same Message-ID, by which mail programs know it.
"""

from __future__ import annotations

import logging
import smtplib
import uuid
from collections.abc import Iterable

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import translation
from django.utils.translation import gettext as _

from registry.core import clock
from registry.core.notices import rules
from registry.core.notices.models import Delivery, Notice
from registry.core.people.models import User, UserKind

logger = logging.getLogger(__name__)
CHUNK = 200
MOST_LINES = 50


def deliver(*, is_working_day: bool) -> int:
    """Every digest that is due has been sent, or has failed with its reason; returns how many.

    Nothing goes out at night, on days off, or where no mail server is configured (EMAIL_URL).
    """
    hour = clock.local_hour(clock.now())
    if not settings.EMAIL_IS_CONFIGURED or not rules.may_write(hour, is_working_day=is_working_day):
        return 0
    _claim()
    done = 0
    for delivery_id in list(_due()):
        done += _send(delivery_id)
    return done


def _claim() -> None:
    """Whoever has unread lines that no digest held, and none today, has one claimed."""
    today = clock.today()
    waiting = Notice.objects.filter(user=OuterRef("pk"), read_at=None, delivery=None)
    held = Delivery.objects.filter(user=OuterRef("pk"), channel=None, day=today)
    people = (
        User.objects.filter(Exists(waiting), ~Exists(held), kind=UserKind.PERSON, is_active=True)
        .exclude(email="")
        .order_by("pk")
    )
    while True:
        with transaction.atomic():
            rows = list(people.select_for_update(of=("self",), skip_locked=True)[:CHUNK])
            if not rows:
                return
            made = [Delivery(user=row, day=today, try_at=clock.now()) for row in rows]
            Delivery.objects.bulk_create(made)
            for delivery in made:
                Notice.objects.filter(user=delivery.user_id, read_at=None, delivery=None).update(
                    delivery=delivery
                )


def _due() -> Iterable[uuid.UUID]:
    rows = Delivery.objects.filter(channel=None, state="claimed", try_at__lte=clock.now())
    return rows.order_by("try_at", "pk").values_list("pk", flat=True)[:1_000]


def _send(delivery_id: uuid.UUID) -> int:
    """The digest has been sent, or waits for its next attempt; 1 where it was sent."""
    with transaction.atomic():
        row = (
            Delivery.objects.select_for_update(of=("self",), skip_locked=True)
            .select_related("user")
            .filter(pk=delivery_id, channel=None, state="claimed", try_at__lte=clock.now())
            .first()
        )
        if row is None:
            return 0
        # Until then nobody else takes it up; where this process dies, it is taken up after that.
        row.attempts += 1
        row.try_at = clock.now() + rules.waits(row.attempts)
        row.save(update_fields=["attempts", "try_at"])
    try:
        message(row).send()
    except (OSError, smtplib.SMTPException) as error:
        _failed(row, f"{type(error).__name__}: {error}"[:500])
        return 0
    Delivery.objects.filter(pk=row.pk).update(state="sent", sent_at=clock.now(), error="")
    return 1


def _failed(row: Delivery, error: str) -> None:
    state = "failed" if row.attempts >= rules.MOST_ATTEMPTS else "claimed"
    logger.warning("digest %s failed: %s", row.pk, error)
    Delivery.objects.filter(pk=row.pk).update(state=state, error=error)


def message(row: Delivery) -> EmailMessage:
    """The digest in the person's language: one line for each notice, with the page it leads to."""
    notices = list(row.notices.order_by("sent_at", "pk")[: MOST_LINES + 1])
    assert row.user is not None  # noqa: S101 (a digest is somebody's: a constraint)
    language = row.user.language or settings.LANGUAGE_CODE
    with translation.override(language):
        in_chinese = language.startswith("zh")
        lines = [
            f"· {one.text_zh if in_chinese else one.text_en}\n  {settings.PUBLIC_URL}{one.link}"
            for one in notices[:MOST_LINES]
        ]
        if len(notices) > MOST_LINES:
            lines.append(_("There is more in your inbox."))
        count = len(notices)
        return EmailMessage(
            subject=_("Mingce: reminders (%(count)s)") % {"count": count},
            body="\n\n".join([*lines, f"{settings.PUBLIC_URL}/admin/"]),
            to=[row.user.email],
            headers={"Message-ID": f"<{row.pk}@mingce>", "Auto-Submitted": "auto-generated"},
        )  # fmt: skip
