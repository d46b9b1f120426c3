"""Runs Mingce on one machine: its own PostgreSQL and Valkey, then web, worker and beat."""
