"""Charts and posters drawn from public-domain figures: the embedded default source, which is also a useful dataset."""

from storage.sources.synthetic.source import SyntheticSource

__all__ = ["SyntheticSource"]
