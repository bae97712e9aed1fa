"""Verdicts: numbers in, sentences and rows out; nothing here draws or computes a model."""
