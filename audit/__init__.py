"""The core: knows no cloud, no scanner, no report."""

import os

# Read by Arrow when it is first asked for memory. Its own allocator keeps a heap for every thread:
# reading Google Cloud with eight of them peaked at 520 MB instead of 400, with no less CPU.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
