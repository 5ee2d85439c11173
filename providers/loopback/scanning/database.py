"""Trivy's vulnerability database: the files of its cache, and the OCI artifact it downloads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

from providers.loopback.oci.content import OCI_MANIFEST, Content, Store, encoded
from providers.loopback.scanning.advisories import Advisory, affected, data_source, detail
from providers.loopback.scanning.archives import gzipped, tar_of
from providers.loopback.scanning.bolt import bolt_file

SCHEMA = 2
CONFIG_TYPE = "application/vnd.aquasec.trivy.config.v1+json"
LAYER_TYPE = "application/vnd.aquasec.trivy.db.layer.v1.tar+gzip"
_NEXT = timedelta(hours=24)


class TrivyDatabase:
    """A database of some advisories, made at a moment. Same advisories and moment, same bytes."""

    def __init__(
        self, advisories: Sequence[Advisory], updated_at: datetime, *, schema: int = SCHEMA
    ) -> None:
        """Take what it is to hold.

        Args:
            advisories: In any order; each vulnerability once for a package of an ecosystem.
            updated_at: When it says it was made; aware.
            schema: The version of its layout that it claims.
        """
        self._advisories, self._updated_at, self._schema = advisories, updated_at, schema

    def files(self) -> dict[str, bytes]:
        """Return its two files by name."""
        metadata = {
            "Version": self._schema,
            "NextUpdate": _moment(self._updated_at + _NEXT),
            "UpdatedAt": _moment(self._updated_at),
            "DownloadedAt": _moment(self._updated_at),
        }
        return {"metadata.json": encoded(metadata), "trivy.db": bolt_file(self._tree())}

    def write(self, cache_dir: Path) -> Path:
        """Put it where ``trivy --cache-dir`` looks for it; return its folder."""
        folder = cache_dir / "db"
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in self.files().items():
            (folder / name).write_bytes(content)
        return folder

    def push(self, store: Store, repository: str) -> str:
        """Push it as the artifact that ``--db-repository host/repository:2`` reads; its digest."""
        config = store.described(CONFIG_TYPE, b"{}")
        layer = store.described(LAYER_TYPE, gzipped(tar_of(self.files())))
        layer["annotations"] = {
            "org.opencontainers.image.title": "db.tar.gz"
        }  # Trivy insists on it
        document = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": config,
            "layers": [layer],
        }
        return store.put(repository, Content(OCI_MANIFEST, encoded(document)), str(SCHEMA))

    def _tree(self) -> dict[str, Any]:
        by_package = attrgetter("bucket", "package")
        buckets: dict[str, dict[str, Any]] = {}
        sources: dict[str, bytes] = {}
        for (bucket, package), found in groupby(
            sorted(self._advisories, key=by_package), by_package
        ):
            every = list(found)
            entries = {one.vulnerability_id: _json(affected(one)) for one in every}
            buckets.setdefault(bucket, {})[package] = entries
            sources[bucket] = _json(data_source(every[0]))
        by_id = attrgetter("vulnerability_id")
        details = {
            name: _json(detail(list(found)))
            for name, found in groupby(sorted(self._advisories, key=by_id), by_id)
        }
        return {**buckets, "data-source": sources, "vulnerability": details}


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
