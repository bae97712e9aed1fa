import os

# What is computed here is so small that threads would only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
