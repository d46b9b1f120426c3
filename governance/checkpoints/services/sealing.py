"""Batches are sealed: their roots lie under one root in the ledger, in constant memory."""

from __future__ import annotations

from django.db import connection, transaction
from django.db.models import QuerySet

from governance.checkpoints.models import Batch, Seal
from governance.checkpoints.queries import decisions
from governance.checkpoints.rules import merkle
from governance.suspensions import queries as suspensions
from registry.core import clock
from registry.core.ledger import services as ledger
from registry.core.people.models import User

SEALER_LOCK = 7301011
MOST = 20_000  # batches under one seal
MONTHS_AHEAD = 3


def seal(*, actor: User) -> list[Seal]:
    """Every batch that has been received lies under a seal.

    For a moment no batch is under way (the stop's lock, alone), so that the numbers up to the last
    are all there are: seals follow one another without gaps, and a number that was never used is
    no gap. One sealer at a time.
    """
    found = []
    while (last := _last_received()) > _last_sealed():
        with ledger.act(actor) as act:
            _alone()
            begin = _last_sealed() + 1
            rows = list(Batch.objects.filter(id__range=(begin, last)).order_by("id")[:MOST])
            if not rows:
                break
            row = Seal(
                first_batch=begin,
                last_batch=rows[-1].pk,
                batches=len(rows),
                decisions=sum(one.size for one in rows),
                root=merkle.root([bytes.fromhex(one.root) for one in rows]).hex(),
                sealed_at=clock.now(),
            )
            found.append(act.create(row, "decisions.sealed"))
    return found


def make_partitions(*, actor: User) -> int:
    """The coming months have their partition; says how many were made."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT mingce_make_partitions(%s, %s)", [clock.today(), MONTHS_AHEAD])
        (made,) = cursor.fetchone()
    return int(made)


def _last_received() -> int:
    """The last batch's number, read while none is under way."""
    if not _numbered().filter(id__gt=_last_sealed()).exists():
        return 0
    with transaction.atomic():
        suspensions.stand_still()
        return _numbered().order_by("-id").values_list("id", flat=True).first() or 0


def _numbered() -> QuerySet[Batch]:
    """Those whose number was given out: one made up beyond would shut out all that follow."""
    return Batch.objects.filter(id__lte=decisions.last_number())


def _last_sealed() -> int:
    return Seal.objects.order_by("-last_batch").values_list("last_batch", flat=True).first() or 0


def _alone() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SEALER_LOCK])
