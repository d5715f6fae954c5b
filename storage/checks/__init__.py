"""What must be true of a build and of a version, and what nothing names."""
