"""监测: metrics of live releases against thresholds, and what follows from a breach (RI-06)."""
