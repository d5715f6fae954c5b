"""Agents: one folder an agent; the environment that they act in, and the reading of their replies."""
