"""Loading of published versions and exports as `datasets` of Hugging Face.

This is the only part of lensmill that knows files. `datasets` and fsspec are imported when a call needs them.
"""

from lensmill.loading.rows import load
from lensmill.loading.version import FORMAT, MANIFEST, data_files

__all__ = ["FORMAT", "MANIFEST", "data_files", "load"]
