"""Benchmarks: claims about speed and quality, as commands. benchmarks/README.md has the figures."""
