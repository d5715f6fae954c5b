"""Search: how Chain-of-Focus builds its data. A search with instruments, a verifier, and a summary in its protocol."""
