"""What most scripts do: boto3 as it comes, a list of dicts, pyarrow at the end of each batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq

_BATCH = 32_768


def plain_loop(settings: Mapping[str, Any], target: Path) -> int:
    """Read one account and region's inventory, coverage and findings; return the findings' rows."""
    target.mkdir(parents=True)
    region = settings["regions"][0]
    ecr, inspector = (_client(settings, name, region) for name in ("ecr", "inspector2"))
    _write(target / "images.parquet", _images(ecr))
    _write(target / "coverage.parquet", _coverage(inspector))
    return _write(target / "findings.parquet", _findings(inspector))


def _client(settings: Mapping[str, Any], name: str, region: str) -> Any:  # noqa: ANN401  boto3's
    keys = settings["credentials"]
    return boto3.client(  # type: ignore[call-overload]  # a value
        name,
        region_name=region,
        endpoint_url=settings["endpoints"][name],
        aws_access_key_id=keys["access_key_id"],
        aws_secret_access_key=keys["secret_access_key"],
    )


def _images(ecr: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401  boto3's
    sized = {"PageSize": 1000}
    for page in ecr.get_paginator("describe_repositories").paginate(PaginationConfig=sized):
        for repository in page["repositories"]:
            pages = ecr.get_paginator("describe_images").paginate(
                repositoryName=repository["repositoryName"],
                filter={"imageStatus": "ANY"},
                PaginationConfig=sized,
            )
            for images in pages:
                yield from images["imageDetails"]


def _coverage(inspector: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401  boto3's
    pages = inspector.get_paginator("list_coverage").paginate(
        filterCriteria=_of_images(), PaginationConfig={"PageSize": 200}
    )
    for page in pages:
        for row in page["coveredResources"]:
            yield {
                "resource": row["resourceId"],
                "status": row["scanStatus"]["statusCode"],
                "reason": row["scanStatus"]["reason"],
                "scanned_at": row.get("lastScannedAt"),
            }


def _of_images() -> dict[str, Any]:
    return {"resourceType": [{"comparison": "EQUALS", "value": "AWS_ECR_CONTAINER_IMAGE"}]}


def _findings(inspector: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401  boto3's
    pages = inspector.get_paginator("list_findings").paginate(
        filterCriteria=_of_images(), PaginationConfig={"PageSize": 100}
    )
    for page in pages:
        for finding in page["findings"]:
            yield from _rows(finding)


def _rows(finding: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    details = finding["packageVulnerabilityDetails"]
    image = finding["resources"][0]["details"]["awsEcrContainerImage"]
    cvss = (finding.get("inspectorScoreDetails") or {}).get("adjustedCvss") or {}
    for package in details["vulnerablePackages"]:
        yield {
            "registry": image["registry"],
            "repository": image["repositoryName"],
            "digest": image["imageHash"],
            "vulnerability_id": details["vulnerabilityId"],
            "aliases": details.get("relatedVulnerabilities"),
            "package_name": package["name"],
            "package_version": package["version"],
            "package_type": package.get("packageManager"),
            "fixed_version": package.get("fixedInVersion"),
            "severity": finding["severity"],
            "cvss_score": cvss.get("score"),
            "cvss_version": cvss.get("version"),
            "cvss_vector": cvss.get("scoringVector"),
            "title": finding.get("title"),
            "url": details.get("sourceUrl"),
            "native_id": finding["findingArn"],
            "first_seen_at": finding["firstObservedAt"],
            "state": finding["status"],
        }


def _write(path: Path, rows: Iterator[dict[str, Any]]) -> int:
    held: list[dict[str, Any]] = []
    writer, written = None, 0
    for row in rows:
        held.append(row)
        if len(held) == _BATCH:
            writer, written = _append(path, writer, held), written + len(held)
            held = []
    if held:
        writer, written = _append(path, writer, held), written + len(held)
    if writer:
        writer.close()
    return written


def _append(
    path: Path, writer: pq.ParquetWriter | None, rows: list[dict[str, Any]]
) -> pq.ParquetWriter:
    table = pa.Table.from_pylist(rows)
    writer = writer or pq.ParquetWriter(path, table.schema)
    writer.write_table(table)
    return writer
