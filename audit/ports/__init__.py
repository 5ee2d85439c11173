"""The doors of the core: what a provider, an importer, a report and an object store must be.

Plug-ins are classes named in entry points (``registry_audit.providers``, ``.importers``,
``.reports``, ``.stores``). Importing a plug-in's module must not import a cloud SDK; opening it
may.
"""

from audit.ports.collecting import (
    Capabilities,
    Memory,
    NoMemory,
    RegistryProvider,
    RunContext,
    Sink,
)
from audit.ports.demo import Demo, DemoNight
from audit.ports.examining import Check, CheckStatus, Doctor
from audit.ports.importing import Document, ImportedReport, Importer, ImportOrder
from audit.ports.reporting import Report, RunReader
from audit.ports.scanning import (
    Describer,
    Judgement,
    Look,
    Pull,
    PullLogin,
    Pulls,
    ScanError,
    Scanner,
    ScannerFacts,
)
from audit.ports.settings import Settings
from audit.ports.storing import COPIES_MAX_BYTES, ObjectStore, StoredObject, StoreSettings

__all__ = [
    "COPIES_MAX_BYTES",
    "Capabilities",
    "Check",
    "CheckStatus",
    "Demo",
    "DemoNight",
    "Describer",
    "Doctor",
    "Document",
    "ImportOrder",
    "ImportedReport",
    "Importer",
    "Judgement",
    "Look",
    "Memory",
    "NoMemory",
    "ObjectStore",
    "Pull",
    "PullLogin",
    "Pulls",
    "RegistryProvider",
    "Report",
    "RunContext",
    "RunReader",
    "ScanError",
    "Scanner",
    "ScannerFacts",
    "Settings",
    "Sink",
    "StoreSettings",
    "StoredObject",
]
