"""Import: scanner reports made elsewhere become a run of their own."""

from __future__ import annotations

from audit.importing.run import Imported, import_reports

__all__ = ["Imported", "import_reports"]
