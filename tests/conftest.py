"""What holds for the whole suite."""

from __future__ import annotations

import gc


def pytest_collection_finish() -> None:
    """Leave what collecting made out of every later search for garbage.

    It lives to the end, and to go through it again and again took a third of the tests' time.
    """
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    gc.unfreeze()
