"""ReFocus: the model edits the picture by writing Python, and looks at what it made."""
