"""Training formats: one file a format. A format turns an episode into rows that one trainer reads, and checks such rows."""
