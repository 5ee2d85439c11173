"""What a table is made of: columns with a description each, and those that many tables share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

MOMENT = pa.timestamp("us", tz="UTC")
TEXTS = pa.list_(pa.field("element", pa.string()))
CVSS = pa.list_(
    pa.field(
        "element",
        pa.struct(
            [
                *(("source", pa.string()), ("version", pa.string()), ("vector", pa.string())),
                ("score", pa.float64()),
            ]
        ),
    )
)


@dataclass(frozen=True)
class Column:
    """One column: name, Arrow type, and what it means with its unit."""

    name: str
    type: pa.DataType
    description: str


@dataclass(frozen=True)
class Table:
    """One table: what a row is, what identifies it, its columns in order."""

    name: str
    version: int
    one_row: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    sort_by: tuple[str, ...] = ()
    history: bool = False
    """Whether a run holds only changes or totals: small, and never thinned out."""

    @cached_property
    def schema(self) -> pa.Schema:
        """The Arrow schema of the files (without the partition column ``run_id``)."""
        return pa.schema([pa.field(column.name, column.type) for column in self.columns])

    @cached_property
    def stored_names(self) -> tuple[str, ...]:
        """Column names in the files, in order."""
        return tuple(column.name for column in self.columns)


def text(name: str, description: str) -> Column:
    """Return a column of text."""
    return Column(name, pa.string(), description)


def texts(name: str, description: str) -> Column:
    """Return a column of lists of text."""
    return Column(name, TEXTS, description)


def time(name: str, description: str) -> Column:
    """Return a column of moments."""
    return Column(name, MOMENT, description)


def flag(name: str, description: str) -> Column:
    """Return a column of yes, no or null."""
    return Column(name, pa.bool_(), description)


def count(name: str, description: str) -> Column:
    """Return a column of whole numbers."""
    return Column(name, pa.int64(), description)


def real(name: str, description: str) -> Column:
    """Return a column of numbers."""
    return Column(name, pa.float64(), description)


RUN_ID = text("run_id", "The run this row belongs to (the partition folder's name).")

PROVIDER = text("provider", "Adapter that read it: aws, azure, gcp, oci or files.")
SCOPE = text("scope_id", "Inventory scope that lists it; joins to scopes.")
ACCOUNT = text("account", "AWS account, Azure subscription or Google Cloud project.")
REGION = text("region", "Region or location.")
REGISTRY = text(
    "registry_id",
    "Host (and path) of the registry: ECR account-region host, ACR login server, Artifact Registry "
    "repository URI. registry_id/repository@digest is what a client would pull.",
)
REPOSITORY = text("repository", "Repository name inside the registry, slashes included.")
DIGEST = text("digest", "Manifest digest (sha256:...); the image's identity.")
SOURCE = text(
    "source",
    "Who judged: ecr-basic, inspector, defender, artifact-analysis, trivy, grype or another name.",
)
OBSERVED = text(
    "observed_run_id",
    "The run that last read this from its source; older than run_id when it was carried forward.",
)
UNREAD = texts("unread", "Facts of this row that could not be read, each as 'column: reason'.")
WHERE = (PROVIDER, REGISTRY, REPOSITORY)
