"""Publishes dataset versions."""
