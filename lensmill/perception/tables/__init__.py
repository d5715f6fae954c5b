"""Reads tables: rows, columns, headers and cells, from rules, fills, blank lanes and lines of text."""
