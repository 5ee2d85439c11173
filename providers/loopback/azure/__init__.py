"""A loopback Azure: Entra ID, Resource Graph with Defender rows, and registries, over TLS."""

from providers.loopback.azure.cloud import AzureLoopback

__all__ = ["AzureLoopback"]
