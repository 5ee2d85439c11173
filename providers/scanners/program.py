"""Running a scanner's program: no shell, names are data, secrets in the environment alone."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from audit.ports import PullLogin, ScanError
from providers.scanners.failures import late
from providers.scanners.masking import masked

_KEPT = (
    *("PATH", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy"),
)
"""What of the environment a scanner may see: nobody's credentials, no settings of others."""
_MERCY = 3
"""Seconds in which a program that is stopped may clear away what it began."""
_WORDS = 64 * 1024

Failure = Callable[[int, str], ScanError]


@dataclass(frozen=True)
class Said:
    """What a program wrote that ended well: standard output, and the words beside it."""

    out: bytes
    words: str


@dataclass(frozen=True)
class Program:
    """An installed program, run in an empty folder so that no file there configures it.

    Attributes:
        tool: What it is called in errors.
        name: Its path, or its name on PATH.
        setting: Setting that names it, for errors.
        work: Folder for what it writes and what passes for its home.
        seconds: After so long it is stopped.
        failure: Exit code and standard error, without the login -> what they mean.
        grace: Seconds more for one that is told its limit and stops by itself.
    """

    tool: str
    name: str
    setting: str
    work: Path
    seconds: int
    failure: Failure
    grace: int = 0

    @property
    def path(self) -> str | None:
        """Where it is, wherever it is run from; None where it is not there or cannot be run."""
        found = shutil.which(self.name)
        return str(Path(found).absolute()) if found else None

    def check(self, sha256: str | None = None) -> str:
        """Find it, and where its hash is pinned, hold it against that; return its path.

        Raises:
            ScanError: It is not there, or is another.
        """
        if not self.path:
            raise ScanError(
                f"{self.name!r} is not there or cannot be run; install {self.tool} or set "
                f"{self.setting}",
                code="ScannerMissing",
            )
        if sha256 and _sha256(Path(self.path)) != sha256:
            raise ScanError(
                f"{self.path} is not the program whose sha256 is configured", code="ScannerAltered"
            )
        return self.path

    def run(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        login: PullLogin | None = None,
    ) -> Said:
        """Run it to its end and return what it said.

        Args:
            arguments: Each is one argument, whatever is in it.
            environment: What it sees beside paths, proxies and trusted certificates.
            login: Part of ``environment``; nothing that is said repeats its secret.

        Raises:
            ScanError: It cannot be run, ended in an error or had to be stopped.
        """
        program = self.check()
        self.work.mkdir(parents=True, exist_ok=True)
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        # Layers are unpacked into a folder that goes with the run, however that ends.
        with tempfile.TemporaryDirectory(dir=self.work, ignore_cleanup_errors=True) as aside:
            own = {"HOME": str(self.work), "TMPDIR": aside}
            code, out, said = self._ended([program, *arguments], {**kept, **own, **environment})
        words = _last(masked(said.decode("utf-8", "replace"), login))
        if code:
            raise self.failure(code, words)
        return Said(out, words)

    def _ended(self, command: list[str], environment: dict[str, str]) -> tuple[int, bytes, bytes]:
        """Return the exit code, standard output and standard error of a command."""
        limit = self.seconds + self.grace
        try:
            process = subprocess.Popen(  # noqa: S603  the configured program, arguments as a list
                command,
                cwd=self.work,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,  # what it starts is stopped with it
            )
        except OSError as error:
            raise ScanError(
                f"{command[0]} cannot be run: {error.strerror}", code="ScannerMissing"
            ) from error
        with process:
            try:
                out, said = process.communicate(timeout=limit)
            except subprocess.TimeoutExpired:
                raise late(self.tool, limit) from None
            finally:
                if process.returncode is None:
                    _stop(process)
            return process.returncode, out, said


def user_cache() -> Path:
    """Return the folder in which programs of this user keep what can be had again."""
    given = os.environ.get("XDG_CACHE_HOME")
    return Path(given) if given else Path.home() / ".cache"


def _last(words: str) -> str:
    """Return the last of many words, from the beginning of a line."""
    if len(words) <= _WORDS:
        return words
    cut = words[-_WORDS:]
    return cut.partition("\n")[2] or cut


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Stop a program and whatever it has started: asked first, so that it can clean up."""
    os.killpg(process.pid, signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_MERCY)
    with suppress(ProcessLookupError):  # nothing of it is left
        os.killpg(process.pid, signal.SIGKILL)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
