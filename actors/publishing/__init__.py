"""Publishing dataset versions."""
