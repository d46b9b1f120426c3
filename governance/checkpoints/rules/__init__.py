"""Checkpoints' rules: what is answered, proven, kept back, and how well people oversee. Pure."""
