"""Dataset versions: rows, shards, card, releases."""
