"""lensmill: makes visual chain-of-thought data from visual question answering. This package is the pure library: it
needs neither a cluster nor storage, and can be used at training time."""
