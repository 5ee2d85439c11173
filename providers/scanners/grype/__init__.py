"""Grype behind the Scanner port: Syft writes what is in an image, Grype matches that."""
