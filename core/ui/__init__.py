"""The seam between library and pages: a kit, and a room for each page, named as the page."""

import os

# Every request runs in a new thread; a pool of threads for each would take torch longer to start
# than to decode.
os.environ.setdefault("OMP_NUM_THREADS", "1")
