"""The evidence for the scorecard: one module for each report, all of it computed."""
