"""Plug-ins as a user would write them; tests/pipelines/test_plugins.py copies them to a folder outside the tree."""
