"""The part of lensmill that runs on a cluster: everything that uses Ray."""
