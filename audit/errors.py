"""Every error the tool raises on purpose, typed by what can be done about it.

Retry and outcome policy read the type, never the text. Errors keep their parts as attributes so
that a scope's outcome row can name the operation, the code and the missing permission.
"""

from __future__ import annotations


class AuditError(Exception):
    """Base of all errors that carry a clear word for the user."""


class UsageError(AuditError):
    """The user asked for something that cannot be done as asked (exit code 2).

    Args:
        message: What is wrong.
        where: File, option or configuration path it was found at.
        cure: What to do about it.
    """

    def __init__(self, message: str, *, where: str = "", cure: str = "") -> None:
        self.message, self.where, self.cure = message, where, cure
        head = f"{where}: {message}" if where else message
        super().__init__(f"{head} ({cure})" if cure else head)


class ConfigError(UsageError):
    """The configuration is wrong: names the file, the field and the cure (exit code 2)."""


class ReportFileError(UsageError):
    """A scanner report cannot be read; the other files of the same import still land."""


class PrunedError(UsageError):
    """The snapshot of a run was thinned out; names the nearest runs that still have theirs."""


class WarehouseError(AuditError):
    """The warehouse on disk contradicts itself (missing file, wrong hash, unknown version)."""


class LockHeldError(AuditError):
    """Another run holds the warehouse (exit code 5)."""


class SourceError(AuditError):
    """A cloud or registry did not give the answer it was asked for.

    Args:
        message: The source's own words, without secrets.
        operation: API operation, for example ``ecr:DescribeImages``.
        code: The source's error code, for example ``AccessDeniedException`` or ``503``.
        permission: The permission that would have allowed the call, where known.
    """

    def __init__(
        self, message: str, *, operation: str = "", code: str = "", permission: str = ""
    ) -> None:
        self.message, self.operation = message, operation
        self.code, self.permission = code or type(self).__name__, permission
        super().__init__(f"{operation}: {self.code}: {message}" if operation else message)


class TransientError(SourceError):
    """The same call may succeed later."""


class ThrottledError(TransientError):
    """The source asked for fewer calls, and went on asking until the retries were used up."""


class UnavailableError(TransientError):
    """The source could not be reached or answered with a server error."""


class TerminalError(SourceError):
    """The same call will fail again."""


class AccessDeniedError(TerminalError):
    """The credentials lack a permission, or were refused."""


class NotFoundError(TerminalError):
    """The thing asked for does not exist (any more)."""


class DisabledError(TerminalError):
    """The service or API is switched off for this account, subscription or project."""


class BrokenPageError(TerminalError):
    """A page arrived that lacks what its operation promises: cut, empty or of another shape."""
