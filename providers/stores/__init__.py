"""Object stores that a warehouse can lie on: S3, Azure Blob and Google Cloud Storage."""
