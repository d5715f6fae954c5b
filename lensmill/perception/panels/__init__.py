"""Finds the panels of a figure: subplots side by side, with their letters and titles."""
