"""A desk for each test, and one on which a night has passed for those that only look."""

from __future__ import annotations

import pytest

from tests.unit.cli.support import FOUND, GOOD, Desk, estate


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


@pytest.fixture(scope="module")
def settled(tmp_path_factory):
    """Two images, both assessed, one of them with a HIGH vulnerability that has a fix."""
    desk = Desk(tmp_path_factory.mktemp("desk"))
    assert desk.night(estate(FOUND, GOOD)).code == 0
    return desk
