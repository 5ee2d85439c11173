"""Any registry of the OCI distribution specification."""
