"""Runs Python that a model wrote, in a jail with limits."""
