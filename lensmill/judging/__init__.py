"""Judging: whether an answer meets a reference, by rules that say which of them decided."""
