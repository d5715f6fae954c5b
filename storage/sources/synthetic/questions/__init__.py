"""Questions about drawn pictures. The answers are computed from the figures as printed."""
