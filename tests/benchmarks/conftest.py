"""Benchmarks are scripts, started by `make bench`: pytest does not look into them."""

collect_ignore_glob = ["*.py"]
