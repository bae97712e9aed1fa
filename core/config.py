"""What a run is: frozen values, checked when made, named by a key.

A `RunConfig` says everything that decides a trained model: data, model, training. Its `key` names
the folder on disk, the entry in memory and the link in the address bar. Only the standard library
is used here.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache, cached_property
from numbers import Integral, Real
from pathlib import Path
from typing import Any

_NAMED = os.environ.get("LATENT_LAB_SHELF") or str(Path(__file__).parents[1] / "checkpoints")
SHELF = Path(os.path.expanduser(_NAMED)).absolute()  # noqa: PTH111, which raises where there is no home
"""The folder of the runs: the one that LATENT_LAB_SHELF names, else that of the runs that ship with the project."""

SIZES = {
    "digits": (8,),
    "mnist": (28,),
    "mnist-dynamic": (28,),
    "mnist-static": (28,),
    "sprites": (32, 64),
}
"""Image heights (= widths) in pixels that each data set has, its default first."""

POSTERIORS = ("point", "fixed", "learned", "recognised")
LIKELIHOODS = ("bernoulli", "gaussian")
NETWORKS = ("mlp", "gated", "conv")
PRIORS = {
    "normal": "standard normal",
    "uniform": "uniform box",
    "mixture": "Gaussian mixture",
    "vamp": "VampPrior",
}
"""Prior in commands, keys and links -> label on the screen."""

COMPONENTS = {"mixture": 10, "vamp": 50}
"""Prior that is made of components -> how many, unless the config says so."""

NOISE_DIM, INFORMATION = 2, 0.05
"""Of an InfoGAN, unless the config says so."""

MODEL_LABELS = {"ae": "AE", "noisy-ae": "Noisy AE", "vae": "VAE", "beta-vae": "β-VAE"}
"""The four members of the family: name in commands, keys and links -> label on the screen."""

ALL_LABELS = MODEL_LABELS | {"infogan": "InfoGAN"}
"""The four, and models that stand beside the family where one is kept."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ", did you mean 'x'?" for the known name closest to a mistyped one, or nothing.

    >>> nearest("mnits", SIZES)
    ", did you mean 'mnist'?"
    """
    match = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f", did you mean '{match[0]}'?" if match else ""


def _check_name(what: str, value: object, known: Iterable[str]) -> None:
    known = tuple(known)
    if value not in known:
        raise ValueError(
            f"{what} should be one of {', '.join(known)}, got"
            f" {value!r}{nearest(str(value), known)}"
        )


def _whole(what: str, value: object, low: int, high: int | None = None) -> int:
    """Return a whole number as Python's own, whoever's it was: numpy's too.

    Raises:
        ValueError: it is none, or out of range.
    """
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise ValueError(f"{what} should be a whole number, got {value!r}")
    number = int(value)
    _check_range(what, number, low, high)
    return number


def _real(what: str, value: object, low: float, high: float | None = None) -> float:
    """Return a number as Python's own, and -0 as 0, which is equal to it but written otherwise.

    Raises:
        ValueError: it is none, not finite, or out of range.
    """
    if not isinstance(value, Real) or isinstance(value, bool):
        raise ValueError(f"{what} should be a finite number, got {value!r}")
    number = int(value) if isinstance(value, Integral) else float(value)
    if not -1e300 < number < 1e300:
        raise ValueError(f"{what} should be a finite number, got {number}")
    _check_range(what, number, low, high)
    return float(number) + 0.0


def _check_range(what: str, number: float, low: float, high: float | None) -> None:
    if number < low or (high is not None and number > high):
        limit = (
            f"at least {low:g}" if high is None else f"between {_plain(low)} and {_plain(high)}"
        )
        raise ValueError(f"{what} should be {limit}, got {number}")


def _plain(number: float) -> str:
    return str(number) if isinstance(number, int) else f"{number:g}"


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """Which images: a data set's name and, for sprites, the image size in pixels.

    Args:
        name: `digits` (8x8), `mnist` (28x28), `mnist-dynamic` and `mnist-static` (black and white,
            drawn from its grey values anew in every epoch or once), or `sprites` (32x32 or 64x64).
        size: height and width in pixels; the data set's own when left out.

    >>> DataConfig(name="sprites").size
    32
    """

    name: str
    size: int | None = None

    def __post_init__(self) -> None:
        _check_name("data set", self.name, SIZES)
        size = SIZES[self.name][0] if self.size is None else self.size
        if not isinstance(size, Integral) or int(size) not in SIZES[self.name]:
            sizes = " or ".join(map(str, SIZES[self.name]))
            raise ValueError(f"size of {self.name} should be {sizes}, got {size}")
        object.__setattr__(self, "size", int(size))

    @property
    def binarised(self) -> bool:
        """Whether the images are black and white, drawn from grey ones."""
        return self.name in ("mnist-dynamic", "mnist-static")


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """One member of the family: encoder -> posterior -> decoder -> likelihood, and the weight of
    the KL.

    Args:
        posterior: `point` (autoencoder), `fixed` (noise-injected autoencoder), `learned` (VAE) or
            `recognised` (InfoGAN).
        latent_dim: number of latents L.
        beta: weight of the KL; 1 (a VAE) when left out, and always 0 where the posterior has no KL
            in its objective.
        noise_ratio: η of a fixed posterior, whose variance is η·R on every latent, R the mean
            squared distance of the codes from the origin; 0.05 when left out. None for other
            posteriors.
        likelihood: `bernoulli` or `gaussian`.
        scale: standard deviation of a Gaussian likelihood, in units of pixel intensity; learned
            when left out.
        prior: `normal`, the standard normal; `uniform`, a box of unit variance; `mixture`, of
            Gaussians that are learned; `vamp`, of the posteriors of learned pseudo-inputs. All but
            the first need a learned posterior, but an InfoGAN may draw its codes from the box too.
        components: of a mixture or VampPrior, see `COMPONENTS` when left out. None for other
            priors.
        network: `mlp`, `gated` (Tomczak and Welling 2018) or `conv`.
        hidden: widths of the fully connected layers, from image to code; the decoder mirrors them.
        noise_dim: of an InfoGAN, numbers that its generator takes beside the code and that nobody
            recognises; see `NOISE_DIM` when left out. None for other posteriors.
        information: of an InfoGAN, the weight λ of the recognition of codes (Chen et al. 2016,
            equation 6); see `INFORMATION` when left out. None for other posteriors.
    """

    posterior: str
    latent_dim: int
    beta: float | None = None
    noise_ratio: float | None = None
    likelihood: str = "bernoulli"
    scale: float | None = None
    prior: str = "normal"
    components: int | None = None
    network: str = "mlp"
    hidden: tuple[int, ...] = (400,)
    noise_dim: int | None = None
    information: float | None = None

    def __post_init__(self) -> None:
        _check_name("posterior", self.posterior, POSTERIORS)
        _check_name("likelihood", self.likelihood, LIKELIHOODS)
        _check_name("prior", self.prior, PRIORS)
        _check_name("network", self.network, NETWORKS)
        object.__setattr__(self, "latent_dim", _whole("latent_dim", self.latent_dim, 1, 1024))
        self._settle_hidden()
        self._settle_beta()
        self._settle_noise_ratio()
        self._settle_prior()
        self._settle_infogan()
        self._check_scale()

    def _settle_hidden(self) -> None:
        if not isinstance(self.hidden, Iterable):
            raise ValueError(f"hidden should be a list of widths, got {self.hidden!r}")
        hidden = tuple(_whole("each width in hidden", width, 1, 65536) for width in self.hidden)
        object.__setattr__(self, "hidden", hidden)

    def _settle_beta(self) -> None:
        beta = self.beta
        if beta is None:
            beta = 1.0 if self.posterior == "learned" else 0.0
        settled = _real("beta", beta, 0)
        if settled and self.posterior != "learned":
            raise ValueError(
                f"beta should be 0 with a {self.posterior} posterior, which is charged no KL, got"
                f" {beta}"
            )
        object.__setattr__(self, "beta", settled)

    def _settle_noise_ratio(self) -> None:
        if self.posterior != "fixed":
            if self.noise_ratio is not None:
                raise ValueError(
                    f"noise_ratio should be left out with a {self.posterior} posterior, got"
                    f" {self.noise_ratio}"
                )
            return
        ratio = 0.05 if self.noise_ratio is None else self.noise_ratio
        object.__setattr__(self, "noise_ratio", _real("noise_ratio", ratio, 0))

    def _settle_prior(self) -> None:
        drawn = ("normal", "uniform") if self.posterior == "recognised" else ("normal",)
        if self.prior not in drawn and self.posterior != "learned":
            raise ValueError(
                f"prior should be {' or '.join(drawn)} with a {self.posterior} posterior, got"
                f" {self.prior}"
            )
        if self.prior not in COMPONENTS:
            if self.components is not None:
                raise ValueError(
                    f"components should be left out with a {self.prior} prior, got"
                    f" {self.components}"
                )
            return
        count = COMPONENTS[self.prior] if self.components is None else self.components
        object.__setattr__(self, "components", _whole("components", count, 1, 10_000))

    def _settle_infogan(self) -> None:
        if self.posterior != "recognised":
            for name in ("noise_dim", "information"):
                if (value := getattr(self, name)) is not None:
                    raise ValueError(
                        f"{name} should be left out with a {self.posterior} posterior, got {value}"
                    )
            return
        if self.likelihood != "bernoulli":
            raise ValueError(
                "likelihood should be bernoulli with a recognised posterior, got"
                f" {self.likelihood}"
            )
        noise_dim = NOISE_DIM if self.noise_dim is None else self.noise_dim
        information = INFORMATION if self.information is None else self.information
        object.__setattr__(self, "noise_dim", _whole("noise_dim", noise_dim, 0, 1024))
        object.__setattr__(self, "information", _real("information", information, 0))

    def _check_scale(self) -> None:
        if self.scale is None:
            return
        if self.likelihood != "gaussian":
            raise ValueError(
                f"scale should be left out with a {self.likelihood} likelihood, got {self.scale}"
            )
        object.__setattr__(self, "scale", _real("scale", self.scale, 1e-4))

    @property
    def name(self) -> str:
        """Which of `ALL_LABELS` this is; any β other than 1 makes a VAE a β-VAE."""
        if self.posterior == "learned":
            return "vae" if self.beta == 1 else "beta-vae"
        return {"point": "ae", "fixed": "noisy-ae", "recognised": "infogan"}[self.posterior]

    @property
    def label(self) -> str:
        """The name on the screen with the number that tells it from its siblings.

        >>> ModelConfig(posterior="learned", latent_dim=2, beta=4).label
        'β-VAE, β = 4'
        """
        number = {"noisy-ae": f", η = {self.noise_ratio}", "beta-vae": f", β = {self.beta:g}"}
        prior = "" if self.prior == "normal" else f", {PRIORS[self.prior]}"
        likelihood = "" if self.likelihood == "bernoulli" else f", {self.likelihood_label}"
        return ALL_LABELS[self.name] + number.get(self.name, "") + prior + likelihood

    @property
    def in_family(self) -> bool:
        """Whether it is one of the four, which are shown side by side and differ in noise and KL alone."""
        return self.name in MODEL_LABELS

    @property
    def plain(self) -> bool:
        """Whether it has the standard normal prior and the Bernoulli likelihood that all four models are shown with."""
        return self.prior == "normal" and self.likelihood == "bernoulli"

    @property
    def likelihood_label(self) -> str:
        """What the decoder's output means, on the screen.

        >>> ModelConfig(posterior="learned", latent_dim=2, likelihood="gaussian", scale=1).likelihood_label
        'Gaussian, σ = 1'
        """
        scale = "σ learned" if self.scale is None else f"σ = {self.scale:g}"
        return "Bernoulli" if self.likelihood == "bernoulli" else f"Gaussian, {scale}"


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """How it is trained: Adam, the learning rate falling to 0 along a half cosine.

    Args:
        epochs: passes over the training set.
        batch_size: images per step.
        learning_rate: Adam's, at the start.
        warm_up: epochs over which the weight of the KL rises from 0 to β (Bowman et al. 2016).
        seed: of initial weights, order of images and noise.
    """

    epochs: int = 20
    batch_size: int = 128
    learning_rate: float = 1e-3
    warm_up: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        epochs = _whole("epochs", self.epochs, 1, 100_000)
        settled = {
            "epochs": epochs,
            "batch_size": _whole("batch_size", self.batch_size, 1, 1_000_000),
            "learning_rate": _real("learning_rate", self.learning_rate, 1e-8, 1),
            "warm_up": _whole("warm_up", self.warm_up, 0, epochs),
            "seed": _whole("seed", self.seed, 0, 2**31 - 1),
        }
        for name, value in settled.items():
            object.__setattr__(self, name, value)


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """Everything that decides a trained model.

    >>> config = recipe("digits", "beta-vae", latent_dim=10, beta=4)
    >>> config.key
    'digits-beta-vae-4-z10-s0-...'
    >>> RunConfig.from_dict(config.to_dict()) == config
    True
    """

    data: DataConfig
    model: ModelConfig
    train: TrainConfig = field(default_factory=TrainConfig)

    def __post_init__(self) -> None:
        if self.model.network == "conv" and self.data.name != "sprites":
            raise ValueError(
                f"network should be mlp or gated for {self.data.name}; conv needs sprites, 32x32"
                " or 64x64"
            )

    @cached_property
    def key(self) -> str:
        """Readable name and short hash, unique to this config.

        Only fields that differ from their defaults are hashed, so that a field added later leaves
        every key as it is.
        """
        size = "" if self.data.size == SIZES[self.data.name][0] else self.data.size
        number = {
            "noisy-ae": (
                f"-{self.model.noise_ratio:g}" if self.model.noise_ratio is not None else ""
            )
        }
        number["beta-vae"] = f"-{self.model.beta:g}"
        prior = "" if self.model.prior == "normal" else f"-{self.model.prior}"
        model = self.model.name + number.get(self.model.name, "") + prior
        text = json.dumps(_changed_fields(self), sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        return (
            f"{self.data.name}{size}-{model}-z{self.model.latent_dim}-s{self.train.seed}-{digest}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return nested plain dicts and lists, ready for JSON."""
        return json.loads(json.dumps(asdict(self)))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RunConfig:
        """Return the config that `to_dict` described.

        Raises:
            ValueError: a field is missing, unknown or out of range.
        """
        parts = {"data": DataConfig, "model": ModelConfig, "train": TrainConfig}
        _check_fields("config", values, parts)
        if missing := parts.keys() - values.keys():
            raise ValueError(
                "config should have the parts data, model and train, lacks"
                f" {', '.join(sorted(missing))}"
            )
        for name, part in parts.items():
            _check_fields(name, values[name], [f.name for f in fields(part)])
        try:
            built = {name: part(**_tuples(values[name])) for name, part in parts.items()}
        except TypeError as error:
            raise ValueError(
                f"config should name every field that has no default: {error}"
            ) from error
        return cls(**built)  # pyright: ignore[reportArgumentType]


def _check_fields(what: str, values: Mapping[str, Any], known: Iterable[str]) -> None:
    if not isinstance(values, Mapping):
        raise ValueError(f"{what} should be a table of fields, got {type(values).__name__}")
    for name in values:
        _check_name(f"field of {what}", name, known)


def _tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }


def _changed_fields(config: RunConfig) -> dict[str, Any]:
    plain = RunConfig(
        data=DataConfig(name=config.data.name),
        model=ModelConfig(posterior=config.model.posterior, latent_dim=config.model.latent_dim),
    )
    now, default = config.to_dict(), plain.to_dict()
    changed = {part: {k: v for k, v in now[part].items() if v != default[part][k]} for part in now}
    return changed | {"of": [config.data.name, config.model.posterior, config.model.latent_dim]}


_BINARY = {
    "network": "gated",
    "hidden": (300, 300),
    "epochs": 60,
    "batch_size": 100,
    "learning_rate": 5e-4,
}
"""Networks, batches and learning rate of Tomczak and Welling 2018, section 6.1, who train up to 2,000 epochs."""

_RECIPES: dict[str, dict[str, Any]] = {
    "digits": {"hidden": (256, 128), "epochs": 200, "batch_size": 64},
    "mnist": {"hidden": (400, 200), "epochs": 60, "batch_size": 128},
    **dict.fromkeys(("mnist-dynamic", "mnist-static"), _BINARY),
    "sprites": {"network": "conv", "hidden": (256, 256), "epochs": 20, "batch_size": 128},
}
_POSTERIOR_OF = {
    "ae": "point",
    "noisy-ae": "fixed",
    "vae": "learned",
    "beta-vae": "learned",
    "infogan": "recognised",
}
_CHANGED: dict[str, dict[str, Any]] = {
    "beta-vae": {"beta": 4.0},
    "infogan": {"batch_size": 64, "learning_rate": 1e-3},
}
"""What a model's recipe has other than the data set's."""
_CHANGED_FOR: dict[tuple[str, str], dict[str, Any]] = {("infogan", "sprites"): {"epochs": 5}}


_VAMP_OF_THE_PAPER = 500
"""Pseudo-inputs of the VampPrior on binarised MNIST (Tomczak and Welling 2018, section 6.1)."""


def recipe(data: str, model: str, latent_dim: int = 2, **changes: Any) -> RunConfig:
    """Return the lab's standard config for a data set and a member of the family.

    Args:
        data: name of a data set.
        model: `ae`, `noisy-ae`, `vae`, `beta-vae` (β = 4 unless `beta` is among the changes) or
            `infogan`.
        latent_dim: number of latents.
        changes: any fields of `DataConfig`, `ModelConfig` and `TrainConfig`, to depart from the
            recipe.

    Raises:
        ValueError: an unknown name, with the nearest right one, or a value out of range.

    >>> recipe("mnist", "noisy-ae").model.noise_ratio
    0.05
    """
    _check_name("data set", data, SIZES)
    _check_name("model", model, ALL_LABELS)
    values: dict[str, Any] = (
        _RECIPES[data] | _CHANGED.get(model, {}) | _CHANGED_FOR.get((model, data), {}) | changes
    )
    values = _of_prior(data, model, values) | values
    parts = {
        part: {f.name for f in fields(part)} for part in (DataConfig, ModelConfig, TrainConfig)
    }
    for name in values:
        _check_name(
            "field", name, set().union(*parts.values()) - {"name", "posterior", "latent_dim"}
        )
    data_fields, model_fields, train_fields = (
        {k: v for k, v in values.items() if k in known} for known in parts.values()
    )
    return RunConfig(
        data=DataConfig(name=data, **data_fields),
        model=ModelConfig(posterior=_POSTERIOR_OF[model], latent_dim=latent_dim, **model_fields),
        train=TrainConfig(**train_fields),
    )


def _of_prior(data: str, model: str, values: dict[str, Any]) -> dict[str, Any]:
    """Return what a VAE takes besides with a prior that is not the standard normal: the warm-up of all priors."""
    prior, epochs = values.get("prior", "normal"), values["epochs"]
    if prior == "normal" or _POSTERIOR_OF[model] != "learned" or not isinstance(epochs, Integral):
        return {}
    large = DataConfig(name=data).binarised and prior == "vamp"
    return {
        "warm_up": warm_up_of(int(epochs)),
        **({"components": _VAMP_OF_THE_PAPER} if large else {}),
    }


def warm_up_of(epochs: int) -> int:
    """Return the warm-up with which priors are compared, in epochs: a tenth of the training.

    A prior that is learned needs it. Those that are held against it have it too, so that the prior
    alone differs.

    >>> warm_up_of(60)
    6
    """
    return epochs // 10


SEEDS = (0, 1, 2)
"""Every number that a sentence rests on comes from trainings with each of these, at least."""

_SEEDS_OF_SECONDS = (0, 1, 2, 3, 4)
"""Seeds of the data set that trains in seconds."""


def seeds_of(data: str) -> tuple[int, ...]:
    """Return the seeds that runs on a data set are trained with; more where a training takes
    seconds.

    >>> seeds_of("digits"), seeds_of("mnist")
    ((0, 1, 2, 3, 4), (0, 1, 2))
    """
    return _SEEDS_OF_SECONDS if data == "digits" else SEEDS


MORE_SEEDS = ".seeds"
"""The folder beside the shelf for runs that are measured but do not ship."""

NOISE_RATIOS = (0.01, 0.05, 0.2, 0.5, 1.0)
"""η of the noisy AEs that ship for digits and mnist; 0 is the AE."""

_SWEPT_SEEDS = (1,)
"""Further seeds of the sprites' β-sweep that ship with their weights."""

SWEPT_BETAS = (1.0, 2.0, 4.0, 6.0, 8.0, 16.0)
"""β of the sweep that disentanglement is measured on, those of Locatello et al. 2019."""

MAP_LATENTS, MAP_BETAS = (2, 5, 10, 20), (0.0025, 0.01, 0.04, 0.16, 0.64)
"""Numbers of latents and normalised β of the map that disentanglement is measured on, each with each."""

_MAP_EPOCHS = 4
"""A fifth of the recipe's."""

_BETAS = {("mnist", 10): (2.0, 4.0, 8.0), ("sprites", 10): (2.0, 4.0, 8.0, 16.0)}
"""β of the β-VAEs that ship where there is more than one; 1 is the VAE."""


@cache
def shelf() -> tuple[RunConfig, ...]:
    """Return the configs of the runs that ship: seed 0, and of the sprites' β-sweep a second seed.

    >>> len(shelf())
    70
    """
    latent_dims = {"digits": (2, 10), "mnist": (2, 10), "sprites": (10,)}
    first = [
        config
        for data, dims in latent_dims.items()
        for dim in dims
        for config in _families(data, dim)
    ]
    swept = [
        config
        for config in first
        if config.data.name == "sprites" and config.model.posterior == "learned"
    ]
    return (
        *first,
        *(with_seed(config, seed) for config in swept for seed in _SWEPT_SEEDS),
        *held_against_priors(),
        *(config for data in ("digits", "mnist") for config in gaussians(data)),
    )


@cache
def more_seeds() -> tuple[RunConfig, ...]:
    """Return the configs that are trained and measured but do not ship: mostly further seeds of
    those that do.

    >>> len(more_seeds())
    213
    """
    ships = set(shelf())
    several = [config for config in shelf() if config.model.likelihood == "bernoulli"]
    every = (with_seed(config, seed) for config in several for seed in seeds_of(config.data.name))
    known = dict.fromkeys((*every, *binary(), *swept(), *without_kl(), *mapped()))
    return tuple(config for config in known if config not in ships)


@cache
def swept() -> tuple[RunConfig, ...]:
    """Return the β-sweep of the sprites that disentanglement is measured on, the VAE at β = 1,
    over five seeds.

    >>> len(swept())
    30
    """
    models = [recipe("sprites", "beta-vae", 10, beta=beta) for beta in SWEPT_BETAS]
    return tuple(with_seed(config, seed) for seed in range(5) for config in models)


def without_kl() -> tuple[RunConfig, ...]:
    """Return the models of the sprites without a KL that disentanglement is measured on, over five seeds."""
    models = [recipe("sprites", name, 10) for name in ("ae", "noisy-ae", "infogan")]
    return tuple(with_seed(config, seed) for config in models for seed in range(5))


@cache
def mapped() -> tuple[RunConfig, ...]:
    """Return the VAEs of the map of number of latents against normalised β: the latents change
    fastest.

    >>> len(mapped()), mapped()[0].model.beta
    (20, 1.28)
    """
    return tuple(
        recipe(
            "sprites",
            "beta-vae",
            latents,
            beta=beta_of(normalised, latents, 32),
            epochs=_MAP_EPOCHS,
        )
        for normalised in MAP_BETAS
        for latents in MAP_LATENTS
    )


def beta_of(normalised: float, latent_dim: int, size: int) -> float:
    """Return β of a normalised β, which is β times the number of latents over the number of
    pixels.

    normalised β = β · L / (size · size)

    The KL is a sum over latents and the nll one over pixels; divided by their numbers, a trade-off
    can be held against that of another number of latents or another size. Source: Higgins et al.
    2017, figure 6.

    Args:
        normalised: at least 0.
        latent_dim: L.
        size: of an image, in pixels.

    >>> beta_of(0.5, latent_dim=8, size=32)
    64.0
    """
    return normalised * size * size / latent_dim


def binary() -> tuple[RunConfig, ...]:
    """Return the VAEs of binarised MNIST that are held against the literature: one seed each."""
    sets = ("mnist-dynamic", "mnist-static")
    return tuple(with_prior(data, 40, prior) for data in sets for prior in ("normal", "vamp"))


def with_prior(data: str, latent_dim: int, prior: str) -> RunConfig:
    """Return the VAE with one of `PRIORS` that is compared with those of the other priors: all
    have one schedule.

    With the standard normal it is no member of the family, whose VAE is trained without a warm-up.

    >>> with_prior("mnist", 10, "normal").train.warm_up, recipe("mnist", "vae", 10).train.warm_up
    (6, 0)
    """
    config = recipe(data, "vae", latent_dim, prior=prior)
    return replace(config, train=replace(config.train, warm_up=warm_up_of(config.train.epochs)))


@cache
def held_against_priors() -> tuple[RunConfig, ...]:
    """Return the VAEs that ship to compare priors with: one network and one schedule, each with every prior."""
    places = {"digits": (2, 10), "mnist": (2, 10, 40)}
    return tuple(
        with_prior(data, dim, prior)
        for data, dims in places.items()
        for dim in dims
        for prior in PRIORS
    )


def is_doubled(config: RunConfig) -> bool:
    """Return whether a run is the standard normal among the priors, beside a VAE of the family
    that differs in warm-up.

    Whoever picks a model is offered the family's; the other one stands on the page of the priors
    alone.

    >>> is_doubled(with_prior("mnist", 10, "normal")), is_doubled(with_prior("mnist", 40, "normal"))
    (True, False)
    """
    without = with_seed(replace(config, train=replace(config.train, warm_up=0)), 0)
    return (
        config.model.prior == "normal"
        and with_seed(config, 0) in held_against_priors()
        and without in shelf()
    )


def gaussians(data: str) -> tuple[RunConfig, RunConfig]:
    """Return the VAEs of the shelf with a Gaussian likelihood: of standard deviation 1, and of a learned one."""
    fixed, learned = ({"scale": 1.0}, {})
    return tuple(
        recipe(data, "vae", 2, likelihood="gaussian", **change) for change in (fixed, learned)
    )  # pyright: ignore[reportReturnType]


def _families(data: str, latent_dim: int) -> list[RunConfig]:
    ratios = (0.05,) if data == "sprites" else NOISE_RATIOS
    return [
        recipe(data, "ae", latent_dim),
        *(recipe(data, "noisy-ae", latent_dim, noise_ratio=ratio) for ratio in ratios),
        recipe(data, "vae", latent_dim),
        *(
            recipe(data, "beta-vae", latent_dim, beta=beta)
            for beta in _BETAS.get((data, latent_dim), (4.0,))
        ),
    ]


def with_seed(config: RunConfig, seed: int) -> RunConfig:
    """Return the same config with another seed."""
    return replace(config, train=replace(config.train, seed=seed))


def with_epochs(config: RunConfig, epochs: int) -> RunConfig:
    """Return the same config trained for another number of epochs, the warm-up over the same share
    of them.

    Args:
        config: of the run.
        epochs: passes over the training set, at least 1.

    >>> config = recipe("digits", "vae", prior="vamp", epochs=200)
    >>> with_epochs(config, 40).train.warm_up, with_epochs(config, 2).train.warm_up
    (4, 0)
    """
    warm_up = config.train.warm_up * epochs // config.train.epochs
    return replace(config, train=replace(config.train, epochs=epochs, warm_up=warm_up))
