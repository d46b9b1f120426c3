"""Writing JSON: a decimal is a string wherever it stands, in a list as in a row by itself."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rest_framework.renderers import JSONRenderer
from rest_framework.utils.encoders import JSONEncoder


class ExactEncoder(JSONEncoder):
    """Decimals lose nothing."""

    def default(self, obj: Any) -> Any:  # Any: DRF's signature
        """As DRF does it, but for decimals."""
        return str(obj) if isinstance(obj, Decimal) else super().default(obj)


class ExactJSONRenderer(JSONRenderer):
    """JSON with exact decimals."""

    encoder_class = ExactEncoder
