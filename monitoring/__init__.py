"""Monitoring: progress, the closing table, metrics and their export, log lines."""
