"""Rules for episodes that must not be trained on, and the settings of curation."""
