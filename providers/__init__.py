"""Adapters to registries and scanners. Each speaks to the core through audit.ports alone."""
