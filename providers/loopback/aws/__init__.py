"""A loopback AWS: ECR, Inspector and STS over their real protocols."""

from __future__ import annotations

from providers.loopback.aws.server import AwsLoopback

__all__ = ["AwsLoopback"]
