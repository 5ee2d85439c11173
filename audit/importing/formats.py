"""Names what a document looks like that no importer reads, for its error. Pure."""

from __future__ import annotations

# Format -> members of the top object that together give it away.
_MARKS = (
    ("SARIF", {"runs", "version"}),
    ("CycloneDX", {"bomFormat"}),
    ("SPDX", {"spdxVersion"}),
    ("OpenVEX", {"@context", "statements"}),
    ("Security Hub findings (ASFF)", {"Findings"}),
    ("Amazon Inspector findings", {"findings"}),
    ("an Artifact Analysis occurrence", {"note_name", "kind"}),
    ("a JSON Schema", {"$schema", "properties"}),
)


def looks_like(document: object) -> str:
    """Return the name of a format, or what kind of JSON it is."""
    if isinstance(document, dict):
        for name, marks in _MARKS:
            if marks <= document.keys():
                return name
        shown = ", ".join(ascii(str(key))[:30] for key in sorted(document, key=str)[:4])
        return f"an object with {shown}" if shown else "an empty object"
    if isinstance(document, list):
        return "a list"
    return "a single value"
