"""Helpers for tests of agents, engines and clients, also for users of the library: a scripted engine."""
