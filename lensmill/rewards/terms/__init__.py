"""One file a reward term."""
