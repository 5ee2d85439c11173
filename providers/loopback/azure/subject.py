"""What a row of Defender is about."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Subject:
    """An image as rows name it.

    Attributes:
        resource_id: Id of the image at its own cloud.
        pushed: When it was pushed, as Azure writes times.
        bare: Its rows name CVEs without their details.
        exempt: Packages whose rows somebody exempted.
        stripped: Those of them whose rows name no CVE.
        hidden: CVEs that its rows leave out, as an exemption names them.
    """

    subscription: str
    tenant: str
    repository: str
    digest: str
    resource_id: str
    source: str = "Azure"
    resource_type: str = ".containerimage"
    pushed: str = ""
    bare: bool = False
    exempt: frozenset[str] = frozenset()
    stripped: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
