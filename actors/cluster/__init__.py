"""Connecting to Ray, joining and leaving it."""
