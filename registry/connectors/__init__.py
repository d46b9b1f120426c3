"""Adapters of MLOps tools, one module each: they ask over HTTP and know no database."""
