"""Latent Lab's library: autoencoders as one family, trained, kept and measured.

Floors, imports going down only: config and runtime; models and data; objectives; training and
checkpoints; runs, explore, metrics and figures; ui and the command line.
"""
