"""Benchmarks: figures as ratios within one run, never asserted."""

import audit  # noqa: F401  before Arrow, whose memory it settles, as in the tool
