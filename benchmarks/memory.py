"""Peak memory of this process."""

from __future__ import annotations

import re
import resource
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak_memory() -> float:
    """Return the peak resident memory in MB.

    Where the system tells it, that of this program alone: ``getrusage`` also counts what the
    process was before it became this program.
    """
    if _STATUS.exists() and (told := re.search(r"VmHWM:\s+(\d+) kB", _STATUS.read_text("utf-8"))):
        return int(told[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
