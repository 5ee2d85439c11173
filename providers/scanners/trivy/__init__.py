"""Trivy as a subprocess: settings, the program, what it says of failures, its SBOMs and reports."""
