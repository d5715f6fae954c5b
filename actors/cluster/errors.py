"""What can be wrong with the cluster: whether to mend something or to try again later is in the class."""


class ClusterError(Exception):
    """Ray could not be started or joined, or keeps no worker alive: one clear line."""


class ClusterUnavailable(ClusterError):
    """The cluster does not answer, or has gone: the same command may do later."""


class Stopped(Exception):
    """Asked to stop while waiting for the cluster."""
