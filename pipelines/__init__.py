from pipelines.signals import listen_early

listen_early()
