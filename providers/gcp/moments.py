"""Timestamps of many messages at once. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from providers.gcp.values import Message

_FIRST, _END = -62_135_596_800, 253_402_300_800  # seconds: the years 1 to 9999


def moments_of(messages: Sequence[Message], field: str) -> pa.Array[Any]:
    """Return a Timestamp field of many messages, each read as ``values.moment_of`` does."""
    stamps = [getattr(message, field) for message in messages]
    seconds = np.array([stamp.seconds for stamp in stamps], np.int64)
    nanos = np.array([stamp.nanos for stamp in stamps], np.int64)
    bounded = np.clip(seconds, _FIRST - 10, _END + 10)  # a number in microseconds, too
    moments = bounded * 1_000_000 + nanos // 1000
    told = (moments >= _FIRST * 1_000_000) & (moments < _END * 1_000_000)
    for unset in np.flatnonzero(moments == 0).tolist():
        told[unset] &= messages[unset].HasField(field)
    return pa.array(moments, pa.int64(), mask=~told).cast(pa.timestamp("us", "UTC"))
