"""A loopback Google Cloud: Artifact Registry and Artifact Analysis (Grafeas) over gRPC."""

from __future__ import annotations

from providers.loopback.gcp.server import GcpLoopback

__all__ = ["GcpLoopback"]
