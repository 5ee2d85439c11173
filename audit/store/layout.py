"""Where everything lies in a warehouse. The only module that builds its paths."""

from __future__ import annotations

from pathlib import Path

from audit.store.files import Files, LocalFiles

PENDING = "_staging"


class Layout:
    """Paths of a warehouse, relative to it, and its files; staging is a local folder.

    Nothing but ``run_id=`` partitions lies inside a table's folder, so that
    ``pandas.read_parquet("warehouse/<table>")`` and DuckDB globs read exactly what was published.
    """

    def __init__(self, place: Path | Files, staging: Path | None = None) -> None:
        """Lay out a local folder, or any other files with a local folder for staging.

        Args:
            place: The warehouse: a local folder or its files.
            staging: Local folder of unfinished runs; a local warehouse has it inside.
        """
        self.files: Files = LocalFiles(place) if isinstance(place, Path) else place
        if staging is None:
            if not isinstance(self.files, LocalFiles):
                raise ValueError("a warehouse that is no local folder needs one for staging")
            staging = self.files.root / PENDING
        self.staging = staging
        """Local folder of unfinished runs, outside every table."""

    @property
    def is_local(self) -> bool:
        """Whether a rename publishes: the warehouse is a local folder with staging inside."""
        return isinstance(self.files, LocalFiles)

    @property
    def address(self) -> str:
        """Where the warehouse lies, as a person writes it."""
        return self.files.address

    def partition(self, table: str, run_id: str) -> str:
        """Return the folder of one run's rows of a table."""
        return f"{table}/run_id={run_id}"

    def part(self, table: str, run_id: str) -> str:
        """Return the file of one run's rows of a table."""
        return f"{self.partition(table, run_id)}/part-0.parquet"

    def manifest(self, run_id: str) -> str:
        """Return the manifest of a published run."""
        return f"_manifests/{run_id}.json"

    def sbom(self, sha256: str) -> str:
        """Return where the SBOM of a content lies."""
        return f"_sboms/{sha256[:2]}/{sha256}.json.gz"

    def staged(self, run_id: str) -> Path:
        """Return the local folder of one unfinished run."""
        return self.staging / run_id

    def journal(self, run_id: str) -> str:
        """Return what tells, on an object store, that a publication has begun and not ended."""
        return f"{PENDING}/{run_id}.json"

    def aside(self, run_id: str, path: str) -> str:
        """Return where a file of ``current/`` waits, on an object store, for its run's commit."""
        return f"{PENDING}/{run_id}/{path}"
