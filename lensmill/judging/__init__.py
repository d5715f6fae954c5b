"""Judging: decides whether an answer matches a reference, by rules that name the rule that decided."""
