"""Running checks: in this process while they are quick, on every node once they are not."""
