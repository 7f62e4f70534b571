"""Measuring the method: what it costs and what it does."""
