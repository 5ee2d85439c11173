"""Files that only their owner may read: a report is a list of weaknesses."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_OWNER_ONLY = 0o600


@contextmanager
def private_file(path: Path) -> Iterator[Path]:
    """Give a draft beside ``path``, mode 0600 from its first byte, that becomes it at the end.

    When the body raises, ``path`` is left as it was and the draft is removed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.part")
    draft.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _OWNER_ONLY))
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
