"""REST: review packages, reviews, their explanations, attestation campaigns."""

from governance.reviews.api.attesting import CampaignDoor, ForecastDoor
from governance.reviews.api.reviewing import (
    ExplanationDoor,
    PackageDoor,
    ReminderDoor,
    ReviewDoor,
)

__all__ = [
    "CampaignDoor",
    "ExplanationDoor",
    "ForecastDoor",
    "PackageDoor",
    "ReminderDoor",
    "ReviewDoor",
]
