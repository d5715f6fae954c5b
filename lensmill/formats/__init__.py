"""Formats of training data: how an episode becomes a row of another tool, and how such a row becomes an episode."""
