"""A certificate authority of the loopback's own, so that clients keep their TLS checks on."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme


class Authority:
    """Issues one certificate for 127.0.0.1 and localhost, shared by every server."""

    def __init__(self) -> None:
        self._ca = trustme.CA(organization_name="registry-audit loopback")
        self._leaf = self._ca.issue_cert("127.0.0.1", "localhost")

    def write(self, folder: Path) -> Path:
        """Write the CA's certificate (no key) and return its path: the setting ``ca_file``."""
        path = folder / "loopback-ca.pem"
        self._ca.cert_pem.write_to_path(str(path))
        return path

    def context(self) -> ssl.SSLContext:
        """Return a server-side context with the certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._leaf.configure_cert(context)
        return context
