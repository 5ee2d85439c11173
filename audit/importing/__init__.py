"""Import: scanner reports made elsewhere become a run of their own."""

from __future__ import annotations

from audit.importing.run import Asked, Imported, import_reports

__all__ = ["Asked", "Imported", "import_reports"]
