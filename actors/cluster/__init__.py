"""Connects to Ray, joins and leaves clusters, and runs tasks."""
