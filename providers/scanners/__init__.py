"""Scanners of our own: programs that look into images, each behind the core's Scanner port."""
