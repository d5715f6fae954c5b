"""The jobs that people run. Signals are handled from the first import."""

from pipelines.signals import listen_early

listen_early()
