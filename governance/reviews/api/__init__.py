"""REST: review packages, reviews, their explanations, attestation campaigns."""

from governance.reviews.api.attesting import CampaignDoor
from governance.reviews.api.reviewing import (
    ExplanationDoor,
    PackageDoor,
    ReminderDoor,
    ReviewDoor,
)

__all__ = ["CampaignDoor", "ExplanationDoor", "PackageDoor", "ReminderDoor", "ReviewDoor"]
