"""Looks at rows of an unknown dataset, and proposes how to read them. Where values fit several readings, it says so."""
