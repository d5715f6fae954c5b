"""Facts about episodes: one file a measure, each with its columns, their types and their meaning."""
