"""Trivy's SBOM of an image (CycloneDX JSON): made the same each time, and its packages. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import orjson

from audit.errors import ReportFileError
from audit.model.columns import Columns
from providers.files.fields import Record
from providers.scanners.written import package_rows, purl_type, reading_sbom

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_OURS = "aquasecurity:trivy:"
_LABELS = f"{_OURS}Labels:"
_TOOL = "Trivy"


@reading_sbom(_TOOL)
def steady(content: bytes) -> bytes:
    """Return an SBOM without what differs from one writing to the next: dates and random names.

    Raises:
        ScanError: It is no CycloneDX JSON.
    """
    document = _document(content)
    for name in ("serialNumber", "vulnerabilities"):
        document.pop(name, None)
    metadata = document.get("metadata")
    if isinstance(metadata, dict):
        metadata.pop("timestamp", None)
        _forget_labels(metadata.get("component"))
    components = sorted(_objects(document, "components"), key=_order)
    names = _names(components)
    document["components"] = [_named(component, names, "bom-ref") for component in components]
    document["dependencies"] = sorted(
        (_relation(one, names) for one in _objects(document, "dependencies")),
        key=lambda one: str(one.get("ref")),
    )
    return orjson.dumps(document)


def _forget_labels(component: object) -> None:
    """Drop an image's labels: nothing is matched by them, and a secret may stand in one."""
    if isinstance(component, dict) and isinstance(told := component.get("properties"), list):
        component["properties"] = [
            one
            for one in told
            if not (isinstance(one, dict) and str(one.get("name")).startswith(_LABELS))
        ]


@reading_sbom(_TOOL)
def form(content: bytes) -> str:
    """Return the format and version of an SBOM."""
    document = _document(content)
    return f"CycloneDX {document.get('specVersion', '')}".strip()


@reading_sbom(_TOOL)
def unread_system(content: bytes) -> str:
    """Return the operating system that an SBOM names and lists no package of, if there is one.

    Its list of packages was removed, is broken, or is of a kind that Trivy does not read.

    Raises:
        ScanError: A member is of another type than CycloneDX promises.
    """
    components = _objects(_document(content), "components")
    told = [(one.text("type"), one) for one in map(Record, components)]
    systems = {one.text("name") or "": one for kind, one in told if kind == "operating-system"}
    listed = {_properties(one).get(f"{_OURS}PkgType") for kind, one in told if kind == "library"}
    return ", ".join(
        f"{name} {one.text('version') or ''}".strip()
        for name, one in sorted(systems.items())
        if name not in listed
    )


@reading_sbom(_TOOL)
def packages(content: bytes) -> list[Columns]:
    """Return the rows of ``packages``, without digest and tool.

    Raises:
        ScanError: A member is of another type than CycloneDX promises.
    """
    components = Record(_document(content)).records("components")
    return package_rows(_package(one) for one in components if one.text("type") == "library")


def _package(component: Record) -> dict[str, Any]:
    told = _properties(component)
    group, name = component.text("group"), component.needed_text("name")
    purl = component.text("purl")
    kind = purl_type(purl)
    joint = ":" if kind == "maven" else "/"
    return {
        "package_name": f"{group}{joint}{name}" if group else name,
        "package_version": component.text("version"),
        "package_type": kind or told.get(f"{_OURS}PkgType"),
        "purl": purl,
        "source_name": told.get(f"{_OURS}SrcName"),
        "source_version": _source_version(told),
        "location": told.get(f"{_OURS}FilePath"),
        "layer_digest": told.get(f"{_OURS}LayerDigest") or told.get(f"{_OURS}LayerDiffID"),
    }


def _properties(component: Record) -> dict[str | None, str | None]:
    return {one.text("name"): one.text("value") for one in component.records("properties")}


def _source_version(told: Mapping[str | None, str | None]) -> str | None:
    """Return the source package's version as its distribution writes it."""
    version, release = told.get(f"{_OURS}SrcVersion"), told.get(f"{_OURS}SrcRelease")
    epoch = told.get(f"{_OURS}SrcEpoch")
    if version is None:
        return None
    whole = f"{version}-{release}" if release else version
    return f"{epoch}:{whole}" if epoch else whole


def _document(content: bytes) -> dict[str, Any]:
    document = orjson.loads(content)
    if not isinstance(document, dict) or document.get("bomFormat") != "CycloneDX":
        raise ReportFileError("it is no CycloneDX document")
    return document


def _objects(document: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    told = [] if document.get(name) is None else document[name]
    if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
        raise ReportFileError("is no list of objects", where=name)
    return told


def _order(component: Mapping[str, Any]) -> tuple[str, ...]:
    told = (str(component.get(name) or "") for name in ("type", "group", "name", "version", "purl"))
    return *told, orjson.dumps(component.get("properties")).decode()


def _names(components: list[dict[str, Any]]) -> dict[str, str]:
    """Return a steady name for each random one."""
    found: dict[str, str] = {}
    again: Counter[str] = Counter()
    for component in components:
        reference = str(component.get("bom-ref"))
        if _UUID.fullmatch(reference):
            base = f"{component.get('type')}:{component.get('name')}"
            again[base] += 1
            found[reference] = f"{base}#{again[base]}"
    return found


def _named(told: dict[str, Any], names: Mapping[str, str], key: str) -> dict[str, Any]:
    reference = told.get(key)
    return told | {key: names.get(str(reference), reference)}


def _relation(told: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    onto = sorted(names.get(str(one), str(one)) for one in told.get("dependsOn") or ())
    return _named(told, names, "ref") | {"dependsOn": onto}
