"""The file: what it is in words, the runs in base64, scripts and styles; nothing is fetched."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np

from core.checkpoints import Checkpoint
from core.checkpoints.folders import write_file
from core.figures import images as pictures
from core.handout.parts import parts_of
from core.instruments import decode
from core.instruments.parts import bundle
from core.instruments.scripts import files_of, script, style
from core.lessons import entries_of
from core.verdicts.family import recipe_of

TITLES = {
    "path": "From the code of a real image to a random code",
    "planes": "The codes of test images, decoded under the finger",
    "sliders": "A slider for each latent",
    "grid": "Random codes, decoded",
}
"""Instrument -> the heading above it."""

LICENCE = (
    "<p>The test images are MNIST's, of Yann LeCun and Corinna Cortes, under the licence"
    ' <a href="https://creativecommons.org/licenses/by-sa/3.0/">CC BY-SA 3.0</a>.</p>\n'
)
"""Said of a file of a data set that is made of MNIST's images."""

NO_SCRIPT = (
    "This file decodes images by a script. An iPhone or iPad runs no scripts in a file on the"
    " device. Put the file on any static host and open its link."
)
"""Said where no script runs."""

_HERE = Path(__file__).parent


def page(runs: Sequence[Checkpoint]) -> str:
    """Return the HTML of a file of some runs; the same runs give the same text.

    Args:
        runs: of one data set and number of latents, each once.

    Raises:
        ValueError: there is none, one comes twice, one is an InfoGAN beside others, or they are of
            different data sets or numbers of latents.
    """
    _check(runs)
    parts = parts_of(runs)
    names = [part.name for part in parts]
    files = list(dict.fromkeys(file for name in names for file in files_of(name)))
    first = [decode(run.config, run.weights, run.codes["mean"][:8]) for run in runs]
    still = pictures.sheet_png(np.concatenate(first), 8, scale=3)
    content = b64encode(bundle(entries_of(runs), parts, still)).decode()
    code = f"{script('engine', 'stage', *files)}\nconst INSTRUMENTS = {{ {', '.join(names)} }}\n"
    keys = " ".join(run.config.key for run in runs)
    licence = LICENCE if runs[0].config.data.name.startswith("mnist") else ""
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Latent Lab: {escape(runs[0].config.data.name)}</title>
<style>
{_text("page.css")}
{style(*files)}
</style>
<h1>Latent Lab: {escape(runs[0].config.data.name)}</h1>
<noscript><p>{NO_SCRIPT}</p></noscript>
{"".join(map(_section, names))}<h2>What this file holds</h2>
<ul>
{"".join(map(_about, runs))}</ul>
{licence}<p>It was written by <code>python -m core export {keys}</code>.</p>
<script type="application/octet-stream" id="bundle">{content}</script>
<script>
{code}{_text("page.js")}</script>
</html>
"""


def _section(name: str) -> str:
    """Return the heading and the place of an instrument."""
    return f'<h2>{TITLES[name]}</h2>\n<div class="instrument {name}" data-name="{name}"></div>\n'


def write(runs: Sequence[Checkpoint], path: Path) -> None:
    """Write a file of some runs, whole or not at all.

    Raises:
        ValueError: see `page`, or there is a file already, or it cannot be written.
    """
    if path.exists():
        raise ValueError(f"{path} should be a new file, is there already; give another --out")
    content = page(runs).encode()
    try:
        write_file(path, content)
    except OSError as error:
        raise ValueError(
            f"{path} should be written, was not ({error.strerror}); make room or give another"
            " --out"
        ) from error


def _check(runs: Sequence[Checkpoint]) -> None:
    keys = [run.config.key for run in runs]
    if len(set(keys)) != len(keys) or not keys:
        raise ValueError(f"a file should hold at least one run, each once, got {keys}")
    kinds = sorted(set(map(_kind, runs)))
    if len(kinds) > 1:
        raise ValueError(
            "the runs of a file should be of one data set and as many latents as each other, are"
            f" of {'; '.join(kinds)}; write a file for each"
        )
    for run in runs:
        if not run.config.model.in_family:
            raise ValueError(
                f"a file should hold runs that images are encoded by, {run.config.key} is an"
                " InfoGAN; leave it out"
            )


def _kind(run: Checkpoint) -> str:
    data = run.config.data
    return f"{data.name} of {data.size}×{data.size}, {run.config.model.latent_dim} latents"


def _about(run: Checkpoint) -> str:
    config, metrics = run.config, run.metrics
    numbers = "; ".join(
        f"{words} {metrics[name]:.3f}"
        for name, words in (("nll", "nll"), ("kl", "KL"), ("elbo", "ELBO"))
        if metrics[name] is not None
    )
    return (
        f"<li><code>{escape(config.key)}</code>: {escape(config.model.label)}."
        f" {escape(recipe_of(config.model))}. Measured on {metrics['test_images']:,} test images,"
        f" {config.model.likelihood} likelihood, seed {config.train.seed}, in nats per image:"
        f" {numbers}.</li>\n"
    )


def _text(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")
