"""The exit statuses of every job, so that a scheduler can tell "try again later" from "mend something first"."""

from enum import IntEnum


class ExitStatus(IntEnum):
    """How a job ended. docs/exit-statuses.md lists these for users."""

    DONE = 0
    """The job did what was asked, or found nothing to do."""

    FAILED = 1
    """Work is wrong in a way that another run will not mend: every episode failed, verify found damage, or a bug."""

    MEND = 2
    """The user must mend something first: a setting, a source, a credential, a permission."""

    REFUSED = 3
    """A gate refused the version. Nothing was published; the episodes are kept."""

    SPENT = 4
    """A spending cap or a provider's quota ended the job. The same command with a higher cap goes on."""

    TRY_LATER = 75
    """A store, a model server, an engine or the cluster is unavailable (EX_TEMPFAIL of sysexits.h). The same command
    goes on where this run stopped."""

    STOPPED = 130
    """Stopped by Ctrl-C or SIGTERM. The same command goes on where this run stopped."""


EXIT_STATUSES = """\
exit statuses (docs/exit-statuses.md):
    0  done, or nothing to do
    1  wrong in a way that another run does not mend: every episode failed, verify found damage, a bug
    2  something to mend first: a setting, the source, a credential, a permission
    3  a gate refused the version; the episodes are kept
    4  a cap on spending, or the provider's quota, ended the job; with a higher one the same command goes on
   75  a store, a model's server, an engine or the cluster is away; the same command goes on later
  130  stopped by Ctrl-C or SIGTERM; the same command goes on
"""
