"""An image of some files, whatever they are: what the stand's descriptions cannot say."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from providers.loopback.oci.content import OCI_CONFIG, Content, Store, encoded
from providers.loopback.scanning.archives import gzipped, tar_of


def filed(store: Store, repository: str, files: Mapping[str, bytes]) -> str:
    """Push an image whose one layer holds the files, and return its digest."""
    archive = tar_of(files)
    config = {
        "os": "linux",
        "architecture": "amd64",
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(archive).hexdigest()}"]},
    }
    described = Content(OCI_CONFIG, encoded(config))
    return store.manifest(repository, "1", config=described, layers=(gzipped(archive),))
