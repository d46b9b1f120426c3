"""Governance's Celery tasks: each calls one service. Beat wakes them; what is due is a query."""

import contextlib
import uuid

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded

from governance.checkpoints import services as checkpoints
from governance.clocks import services as clocks
from governance.mlflow_compat import services as experiments
from governance.monitoring import services as monitoring
from governance.permits import services as permits
from governance.reviews import services as reviews
from governance.suspensions import services as suspensions
from governance.webhooks import services as webhooks
from registry.core.people import queries as people

STALE_SECONDS = 30  # a wake-up that has waited longer is one of many


@shared_task(name="governance.sweep_reviews")
def sweep_reviews() -> None:
    """Every rung of the ladder that has come is taken, once."""
    reviews.sweep(actor=people.system())


@shared_task(name="governance.sweep_clocks")
def sweep_clocks() -> None:
    """Every warning of a legal clock that has come is given, once."""
    clocks.sweep(actor=people.system())


@shared_task(name="governance.plan_reviews")
def plan_reviews() -> None:
    """Live releases that have lost their plan have one again, open campaigns their rows."""
    reviews.plan_missing(actor=people.system())
    reviews.call_missing_rows(actor=people.system())


@shared_task(name="governance.seal_decisions")
def seal_decisions() -> None:
    """Every batch of decisions that has been received lies under a seal of the ledger."""
    checkpoints.seal(actor=people.system())


@shared_task(name="governance.sweep_cases")
def sweep_cases() -> None:
    """Cases whose limit has passed have its effect."""
    checkpoints.sweep(actor=people.system())


@shared_task(name="governance.answer_gateways")
def answer_gateways() -> None:
    """Gateways with a webhook are told what became of their cases, each by a task of its own."""
    for consumer_id in checkpoints.to_answer():
        answer_gateway.apply_async((str(consumer_id),), expires=STALE_SECONDS)


@shared_task(name="governance.answer_gateway", soft_time_limit=50, time_limit=70)
def answer_gateway(consumer_id: str) -> None:
    """The gateway has been told; a dead one holds up nobody else."""
    with contextlib.suppress(SoftTimeLimitExceeded):  # what is left waits for its next attempt
        checkpoints.answer(consumer_id=uuid.UUID(consumer_id))


@shared_task(name="governance.trip")
def trip() -> None:
    """Releases whose trip condition holds are stopped."""
    checkpoints.trip(actor=people.system())


@shared_task(name="governance.oversee")
def oversee() -> None:
    """Oversight that lies out of its band calls for a review."""
    checkpoints.oversee(actor=people.system())


@shared_task(name="governance.sample")
def sample() -> None:
    """Tomorrow's seed is fixed; yesterday's sample is drawn."""
    checkpoints.commit(actor=people.system())
    checkpoints.draw(actor=people.system())


@shared_task(name="governance.make_partitions")
def make_partitions() -> None:
    """The coming months of decisions and of observations have their partitions."""
    checkpoints.make_partitions(actor=people.system())
    monitoring.make_partitions(actor=people.system())


@shared_task(name="governance.listen")
def listen() -> None:
    """Metrics that were expected and did not come are breaches; late breaches are told."""
    monitoring.listen(actor=people.system())
    monitoring.tell_late()


@shared_task(name="governance.ask_prometheus", soft_time_limit=240, time_limit=300)
def ask_prometheus() -> None:
    """Every query of Prometheus whose time has come has been asked."""
    with contextlib.suppress(SoftTimeLimitExceeded):  # what is left waits for its next attempt
        monitoring.ask_all()


@shared_task(name="governance.enrich_experiments", soft_time_limit=240, time_limit=300)
def enrich_experiments() -> None:
    """What MLflow's clients have registered has been asked after at the tracking server."""
    with contextlib.suppress(SoftTimeLimitExceeded):  # what is left waits for its next attempt
        experiments.enrich()


@shared_task(name="governance.expire_experiments")
def expire_experiments() -> None:
    """Experiments that nobody claims, changes or loads are gone."""
    experiments.expire(actor=people.system())


@shared_task(name="governance.sweep_permits")
def sweep_permits() -> None:
    """What was deployed by breaking glass and not told in time is a task of model risk."""
    permits.sweep(actor=people.system())


@shared_task(name="governance.sweep_stops")
def sweep_stops() -> None:
    """Orders are on their way to those who enforce them, each by a worker's task of its own."""
    for consumer_id in suspensions.claim():
        post_to_consumer.apply_async((str(consumer_id),), expires=STALE_SECONDS)
    suspensions.tell_late()


@shared_task(name="governance.post_to_consumer", soft_time_limit=50, time_limit=70)
def post_to_consumer(consumer_id: str) -> None:
    """What waits for the consumer has been sent; a dead one holds up nobody else."""
    with contextlib.suppress(SoftTimeLimitExceeded):  # what is left waits for its next attempt
        suspensions.post(consumer_id=uuid.UUID(consumer_id))


@shared_task(name="governance.sweep_webhooks")
def sweep_webhooks() -> None:
    """What was entered is on its way to the webhooks, each by a worker's task of its own."""
    for subscription_id in webhooks.claim():
        post_to_webhook.apply_async((str(subscription_id),), expires=STALE_SECONDS)


@shared_task(name="governance.post_to_webhook", soft_time_limit=50, time_limit=70)
def post_to_webhook(subscription_id: str) -> None:
    """What waits for the receiver has been sent; a dead one holds up nobody else."""
    with contextlib.suppress(SoftTimeLimitExceeded):  # what is left waits for its next attempt
        webhooks.post(subscription_id=uuid.UUID(subscription_id))


@shared_task(name="governance.prune_webhooks")
def prune_webhooks() -> None:
    """The log of webhooks' messages is as long as the operators want it."""
    webhooks.prune()
