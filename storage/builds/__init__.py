"""A build in the store: plan, episodes, verdicts, originals, and what its source held."""
