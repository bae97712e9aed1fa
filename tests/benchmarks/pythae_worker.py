"""A worker that trains pythae's β-VAE, in pythae's own environment.

`training.py` starts it with a file of images (N, 1, 28, 28) and the device. It reads a number of
epochs from each line and answers with images/s.
"""

# pyright: reportMissingImports=false

import contextlib
import logging
import sys
import tempfile
import time

import numpy as np
import torch
from pythae.data.datasets import BaseDataset
from pythae.models import BetaVAE, BetaVAEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from pythae.trainers import BaseTrainer, BaseTrainerConfig
from pythae.trainers.training_callbacks import TrainingCallback
from torch import nn

LATENTS, HIDDEN, BETA, BATCH, LEARNING_RATE = 10, 400, 4.0, 128, 1e-3


class Encoder(BaseEncoder):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(), nn.Linear(784, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 2 * LATENTS)
        )

    def forward(self, x):
        mean, log_var = self.layers(x).chunk(2, dim=1)
        return ModelOutput(embedding=mean, log_covariance=log_var)


class Decoder(BaseDecoder):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(LATENTS, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 784), nn.Sigmoid()
        )

    def forward(self, z):
        return ModelOutput(reconstruction=self.layers(z).reshape(-1, 1, 28, 28))


class Clock(TrainingCallback):
    """Counts the seconds of each epoch, without set-up and saving."""

    def __init__(self):
        self.seconds = []

    def on_epoch_begin(self, training_config, **_):
        self.start = time.perf_counter()

    def on_epoch_end(self, training_config, **_):
        self.seconds.append(time.perf_counter() - self.start)


def train(images: torch.Tensor, device: str, epochs: int) -> float:
    """Return the images per second of the median epoch."""
    settings = BetaVAEConfig(
        input_dim=(1, 28, 28), latent_dim=LATENTS, reconstruction_loss="bce", beta=BETA
    )
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        trainer = BaseTrainer(
            model=BetaVAE(settings, encoder=Encoder(), decoder=Decoder()),
            train_dataset=BaseDataset(images, torch.ones(len(images))),
            training_config=BaseTrainerConfig(
                output_dir=folder,
                num_epochs=epochs,
                per_device_train_batch_size=BATCH,
                learning_rate=LEARNING_RATE,
                optimizer_cls="Adam",
                no_cuda=device == "cpu",
            ),
            callbacks=[clock],
        )
        trainer.train()
    return len(images) / float(np.median(clock.seconds))


def main() -> None:
    answers = sys.stdout
    logging.disable()
    images = torch.from_numpy(np.load(sys.argv[1], allow_pickle=False)).float() / 255
    with contextlib.redirect_stdout(sys.stderr):
        for line in sys.stdin:
            print(train(images, sys.argv[2], int(line)), file=answers, flush=True)


if __name__ == "__main__":
    main()
