"""Runs checks: in this process at first, on every node when they take long."""
