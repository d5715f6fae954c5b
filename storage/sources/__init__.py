"""Sources of samples: one file a source."""
