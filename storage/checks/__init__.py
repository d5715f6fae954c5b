"""Checks of builds and versions, and the files that nothing names."""
