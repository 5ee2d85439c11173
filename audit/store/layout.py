"""Where everything lies in a warehouse. The only module that builds its paths."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from audit.errors import ConfigError


@dataclass(frozen=True)
class Layout:
    """Paths below a warehouse's root folder.

    Nothing but ``run_id=`` partitions lies inside a table's folder, so that
    ``pandas.read_parquet(root / table)`` and DuckDB globs read exactly what was published.
    """

    root: Path

    def table(self, table: str) -> Path:
        """Return the folder of a table."""
        return self.root / table

    def partition(self, table: str, run_id: str) -> Path:
        """Return the folder of one run's rows of a table."""
        return self.root / table / f"run_id={run_id}"

    @property
    def staging(self) -> Path:
        """Folder of unfinished runs, outside every table."""
        return self.root / "_staging"

    def staged(self, run_id: str) -> Path:
        """Folder of one unfinished run."""
        return self.staging / run_id

    @property
    def current(self) -> Path:
        """Folder of the flat tables of the newest run."""
        return self.root / "current"

    def manifest(self, run_id: str) -> Path:
        """Return the manifest of a published run."""
        return self.root / "_manifests" / f"{run_id}.json"

    @property
    def lock(self) -> Path:
        """The file that the running process holds locked."""
        return self.root / "_lock"


def open_layout(location: str) -> Layout:
    """Return the layout of a warehouse given as a folder or ``file://`` address.

    Raises:
        ConfigError: The address names a kind of store that is not supported.
    """
    path = location.removeprefix("file://")
    if "://" in path:
        raise ConfigError(
            f"{path.partition('://')[0]}:// warehouses are not supported",
            where="warehouse",
            cure="name a local folder",
        )
    return Layout(Path(path).absolute())
