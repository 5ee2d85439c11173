"""Google Artifact Registry and Artifact Analysis."""
