"""python -m audit: the same as registry-audit."""

from __future__ import annotations

from audit.cli import main

main()
