"""Reading a source into a plan."""
