"""The jobs that people run. Signals are handled from the first import on."""

from pipelines.signals import listen_early

listen_early()
