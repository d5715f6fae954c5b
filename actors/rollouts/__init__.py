"""Rollout and judge workers, and the pool that runs them."""
