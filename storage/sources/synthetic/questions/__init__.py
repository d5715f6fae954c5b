"""Questions about drawn pictures, with answers computed from the figures, as printed."""
