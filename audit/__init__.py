"""The core: knows no cloud, no scanner, no report."""
