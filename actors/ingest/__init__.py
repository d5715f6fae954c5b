"""Reads a source into a plan."""
