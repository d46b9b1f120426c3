"""REST: webhooks, their messages, the events that there are."""

from governance.webhooks.api.deliveries import WebhookDeliveryDoor
from governance.webhooks.api.subscriptions import WebhookDoor

__all__ = ["WebhookDeliveryDoor", "WebhookDoor"]
