"""vLLM servers on the cluster."""
