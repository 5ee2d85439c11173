"""A plain OCI registry on loopback: content-addressed, with pushes, tokens and faults."""

from __future__ import annotations

from providers.loopback.oci.cloud import OciRegistries
from providers.loopback.oci.content import Content, Store
from providers.loopback.oci.pulls import Pulls
from providers.loopback.oci.server import OciLoopback, Ways

__all__ = ["Content", "OciLoopback", "OciRegistries", "Pulls", "Store", "Ways"]
