"""A worker that bounds log p(x) with pythae's `get_nll`, in pythae's own environment.

`likelihood.py` starts it with a file of images (N, 1, 28, 28). It reads k from each line and
answers with images/s.
"""

# pyright: reportMissingImports=false

import contextlib
import logging
import sys
import time

import numpy as np
import torch
from pythae.models import VAE, VAEConfig
from pythae_worker import LATENTS, Decoder, Encoder


def main() -> None:
    answers = sys.stdout
    logging.disable()
    images = torch.from_numpy(np.load(sys.argv[1], allow_pickle=False)).float() / 255
    settings = VAEConfig(input_dim=(1, 28, 28), latent_dim=LATENTS, reconstruction_loss="bce")
    with contextlib.redirect_stdout(sys.stderr), torch.inference_mode():
        model = VAE(settings, encoder=Encoder(), decoder=Decoder()).eval()
        for line in sys.stdin:
            start = time.perf_counter()
            model.get_nll(images, n_samples=int(line))
            print(len(images) / (time.perf_counter() - start), file=answers, flush=True)


if __name__ == "__main__":
    main()
