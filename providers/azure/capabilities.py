"""What the Azure adapter can and cannot tell."""

from __future__ import annotations

from audit.ports import Capabilities
from providers.azure.names import SOURCE

_NO_PULLS = "notyet: neither ACR nor Resource Graph tells when an image was pulled"
_BY_REGISTRY = "never: Azure sets this for the whole registry; see the registries table"

CAPABILITIES = Capabilities(
    sources=(SOURCE,),
    gaps={
        "incremental_reads": "notimpl: of Defender's rows only those of images whose summary moved "
        "are read between two full reads",
        "placements.last_pulled_at": _NO_PULLS,
        "running_without_findings": "notyet: Defender names a running container only where its "
        "image has findings and its cluster is watched; of other images nothing is said",
        "images.created_at": "notimpl: the build time is in the config blob, which is not read",
        "images.labels": "notimpl: labels are in the config blob, which is not read",
        "images.base_image": "notimpl: labels are in the config blob, which is not read",
        "images.subject_digest": "notimpl: told for cosign tags, for attestations of an index and "
        "for manifests that had to be read; other referrers' manifests are not read",
        "repositories.encryption_type": _BY_REGISTRY,
        "repositories.kms_key": _BY_REGISTRY,
        "repositories.scan_frequency": "never: Defender has no setting by repository",
        "repositories.tag_mutability": "notimpl: locks of repositories and manifests "
        "(changeableAttributes) are not read",
        "repositories.native_id": "never: an ACR repository has no ARM id",
        "registries.tag_mutability": "never: ACR locks by repository and manifest",
        "registries.language_packages_scanned": "notyet: no API tells what Defender scans",
        "registries.mode": "never: a registry with cache rules holds images of its own too",
        "registries.children": "notimpl: connected registries and credential sets are not read",
        "repositories.incremental": "notyet: that lastUpdateTime moves with every push, deletion "
        "and move of a tag is seen, not promised; so everything is listed once in some days",
        "findings.cvedetails": "notyet: severity and score that a row leaves out are looked up in "
        "microsoft.security/cvedetails, which is visible at the root management group only",
        "findings.exemptions": "notyet: a row says that it is exempt, not by which exemption; "
        "where not exactly one can be meant, reason and end are not told",
        "findings.location": "notyet: Defender's rows name no path",
        "findings.layer_digest": "notyet: Defender's rows name no layer",
        "findings.purl": "notyet: Defender's rows name no package URL",
        "assessments.clean": "notyet: Defender gives no row for a clean image; it is inferred",
        "assessments.scanner_version": "notyet: Defender's rows do not tell it",
        "registries.visible": "notyet: Resource Graph leaves out, without an error, what the "
        "identity may not read; a lost subscription is noticed, but a registry that only the "
        "roles of a narrower scope (a resource group, the registry) had shown reads as removed",
        "other_sources": "never: Defender's rows about AWS and Google registries are left to those "
        "clouds' own scanners",
    },
)
