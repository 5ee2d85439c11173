"""Names what a document looks like that no importer reads, for its error. Pure."""

from __future__ import annotations

# Format -> members of the top object that together give it away.
_MARKS = (
    ("CSAF", {"document", "product_tree"}),
    ("an empty answer of Security Hub", {"Findings"}),
    ("Amazon Inspector's coverage", {"coveredResources"}),
    ("an answer of Azure Resource Graph", {"data", "totalRecords"}),
    ("a list of Kubernetes resources", {"apiVersion", "items"}),
    ("a Kubernetes resource", {"apiVersion", "kind"}),
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
