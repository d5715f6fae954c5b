"""Errors of the cluster. The class says whether to correct something or to try again later."""


class ClusterError(Exception):
    """Ray could not be started or joined, or no worker stays alive. One clear line."""


class ClusterUnavailable(ClusterError):
    """The cluster does not answer, or is gone. The same command may work later."""


class Stopped(Exception):
    """The job was asked to stop while it waited for the cluster."""
