"""Builds a chat model from its settings."""

from lensmill.models.body import PictureParts
from lensmill.models.client import OpenAIChatModel
from lensmill.models.meter import Meter
from lensmill.models.routing import RoutedModel
from lensmill.models.settings import ModelSettings


def build_model(settings: ModelSettings, meter: Meter | None = None) -> RoutedModel:
    """The chat model that the settings describe: its replicas behind one router. Close it at the end.

    Args:
        settings: the model and its servers.
        meter: counts the model's calls, and may forbid them.

    Raises:
        ValueError: the settings name no model or no server, or the key is missing.
    """
    if settings.name is None:
        raise ValueError("this needs a model: choose one with model=... and say where it runs with model.urls=[...]")
    if not settings.urls:
        raise ValueError("model.urls is empty: name at least one server, for example model.urls=[http://host:8000/v1]")
    parts = PictureParts(settings.picture_cache_mb * 1_000_000, settings.image_uuid)
    meter = meter or Meter()
    replicas = [
        OpenAIChatModel(settings, url, parts, connection_retries=1, meter=meter) for url in dict.fromkeys(settings.urls)
    ]
    return RoutedModel(replicas, settings.outage_s)
