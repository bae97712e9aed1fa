import os

# What is computed here is so small that threads would only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Tests read the runs that ship, wherever those of whoever runs them may lie.
os.environ.pop("LATENT_LAB_SHELF", None)
