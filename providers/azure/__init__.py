"""Azure Container Registry and Microsoft Defender for Cloud."""
