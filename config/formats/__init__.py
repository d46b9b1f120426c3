"""How dates and times are written: alike in both languages (ISO 8601)."""
