"""Training formats: one file a format. A format turns an episode into the rows of one trainer, and checks such rows."""
