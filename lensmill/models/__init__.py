"""Models: the chat protocol, conventions of model families, the client, and the router over replicas."""
