"""Charts and posters drawn from public-domain figures: the embedded default source, and a dataset of its own."""

from storage.sources.synthetic.source import SyntheticSource

__all__ = ["SyntheticSource"]
