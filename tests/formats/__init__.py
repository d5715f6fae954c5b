"""Tests of lensmill.formats."""
