"""Parsers meet any JSON at all: they give rows or a typed error, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import SourceError
from audit.model.columns import Columns
from audit.tables import TABLES
from providers.azure.finding_rows import Vulnerabilities, finding_rows, statement_hash, statements
from providers.azure.inventory_rows import Listing, repository_blocks
from providers.azure.parse_assessments import software
from providers.azure.parse_manifests import manifest, with_document
from providers.azure.parse_registries import Registry, registry_rows
from providers.azure.placements import Place
from providers.azure.plans import plan_reading

MEMBERS = (
    *("properties", "loginServer", "subscriptionId", "tags", "policies", "exportPolicy", "status"),
    *("resourceAdditionalData", "additionalData", "CvesDetails", "CveId", "Cvss", "Key", "Value"),
    *("Digest", "RepositoryDetails", "ScannersDetails", "DetectedSoftwareVersions", "References"),
    *("statusCode", "references", "digest", "platform", "mediaType", "manifests", "subject"),
    *("networkRuleSet", "encryption", "privateEndpointConnections", "name", "pricingTier"),
)
LEAVES = st.one_of(
    *(st.none(), st.booleans(), st.integers(-9, 9), st.floats(allow_nan=False)),
    *(
        st.text(max_size=5),
        st.sampled_from(["CVE-2026-1", "Unhealthy", "Standard", f"sha256:{1:064}"]),
    ),
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=4),
        inner.map(json.dumps),
    ),
    max_leaves=12,
)
ROW = st.dictionaries(st.sampled_from(MEMBERS), JSON, max_size=8)


def arrow(block: Columns) -> None:
    """Build the Arrow columns: what the store will do with the rows."""
    schema = TABLES[block.table].schema
    for name, cells in block.data.items():
        pa.array(cells, schema.field(name).type)


@settings(deadline=None)
@given(ROW)
def test_assessments(row: dict[str, Any]):
    try:
        parsed = software(row | {"id": "/row"})
    except SourceError:
        return
    cells = statements(parsed)
    for cell in cells:
        statement_hash(cell)
    arrow(finding_rows([([Place("a", "b", "c")], cells)], "run"))
    met = Vulnerabilities()
    met.note(parsed.cves)
    arrow(met.rows())


@settings(deadline=None)
@given(st.lists(ROW, max_size=3), ROW)
def test_manifests(rows: list[dict[str, Any]], document: dict[str, Any]):
    listing = Listing("a", properties=document)
    for number, row in enumerate(rows):
        one = manifest(row | {"digest": f"sha256:{number}"})
        listing.manifests[one.digest] = with_document(one, document)
    blocks = repository_blocks(listing, Registry("/a", "a", "s", "l", abac=False), "run", set())
    for block in (blocks.repositories, blocks.images, blocks.placements):
        arrow(block)


@settings(deadline=None)
@given(ROW, st.lists(ROW, max_size=3))
def test_registries_and_plans(row: dict[str, Any], pricings: list[dict[str, Any]]):
    plan = plan_reading(pricings)
    try:
        block = registry_rows([row | {"id": "/a"}], plan, "run", {})
    except SourceError:
        return
    arrow(block)
