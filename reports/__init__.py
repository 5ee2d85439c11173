"""Reports: read the store, never a cloud."""
