"""What a run is: frozen values, checked when made, named by a key.

A `RunConfig` says everything that decides a trained model: data, model, training. Its `key` names
the folder on disk and the link in the address bar; everywhere else the config itself is passed.
Only the standard library is used here.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from numbers import Integral, Real
from typing import Any

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
"""Prior that is made of components -> how many, unless the config says otherwise."""

NOISE_RATIO = 0.05
"""η of a fixed posterior, unless the config says otherwise."""

NOISE_DIM, INFORMATION = 2, 0.05
"""Noise dimensions and λ of an InfoGAN, unless the config says otherwise."""

_SETTLED: Any = None
"""Default of a field that is settled when the config is made, so that none is ever absent."""

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


def check_name(what: str, value: object, known: Iterable[str]) -> None:
    """Refuse a name that is not among the known ones, and say which is nearest.

    Raises:
        ValueError: it is not.
    """
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
    size: int = _SETTLED

    def __post_init__(self) -> None:
        check_name("data set", self.name, SIZES)
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
    """One member of the family: encoder -> posterior -> decoder -> likelihood, weight of the KL.

    Args:
        posterior: `point` (autoencoder), `fixed` (noise-injected autoencoder), `learned` (VAE) or
            `recognised` (InfoGAN).
        latent_dim: number of latents L.
        beta: weight of the KL; 1 (a VAE) when left out, and always 0 where the objective has no
            KL.
        noise_ratio: η of a fixed posterior, whose variance is η·R on every latent, R the mean
            squared distance of the codes from the origin; see `NOISE_RATIO` when left out. None
            for other posteriors.
        likelihood: `bernoulli` or `gaussian`.
        scale: standard deviation of a Gaussian likelihood, in units of pixel intensity; learned
            when left out.
        prior: `normal`, the standard normal; `uniform`, a box of unit variance; `mixture`, of
            Gaussians that are learned; `vamp`, of the posteriors of learned pseudo-inputs. All but
            the first need a learned posterior, but an InfoGAN may draw its codes from the box too.
        components: how many a mixture or VampPrior has; see `COMPONENTS` when left out. None for
            other priors.
        network: `mlp`, `gated` (Tomczak and Welling 2018, https://arxiv.org/abs/1705.07120) or
            `conv`.
        hidden: widths of the fully connected layers, from image to code; the decoder mirrors them.
        noise_dim: numbers that an InfoGAN's generator takes beside the code and that nobody
            recognises; see `NOISE_DIM` when left out. None for other posteriors.
        information: weight λ of the recognition of an InfoGAN's codes, equation 6 of Chen et al.
            2016, https://arxiv.org/abs/1606.03657; see `INFORMATION` when left out. None for other
            posteriors.
    """

    posterior: str
    latent_dim: int
    beta: float = _SETTLED
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
        check_name("posterior", self.posterior, POSTERIORS)
        check_name("likelihood", self.likelihood, LIKELIHOODS)
        check_name("prior", self.prior, PRIORS)
        check_name("network", self.network, NETWORKS)
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
        ratio = NOISE_RATIO if self.noise_ratio is None else self.noise_ratio
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
        """One of `ALL_LABELS`; any β other than 1 makes a VAE a β-VAE."""
        if self.posterior == "learned":
            return "vae" if self.beta == 1 else "beta-vae"
        return {"point": "ae", "fixed": "noisy-ae", "recognised": "infogan"}[self.posterior]

    @property
    def eta(self) -> float:
        """η of a fixed posterior, and 0 of one that adds no fixed noise."""
        return 0.0 if self.noise_ratio is None else self.noise_ratio

    @property
    def number(self) -> float | None:
        """The number that tells a model from others of its name: η or β, None for the rest."""
        return {"noisy-ae": self.noise_ratio, "beta-vae": self.beta}.get(self.name)

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
        """Whether it is one of the four, which differ in noise and KL alone."""
        return self.name in MODEL_LABELS

    @property
    def plain(self) -> bool:
        """Whether it has the standard normal prior and the Bernoulli likelihood of all four."""
        return self.prior == "normal" and self.likelihood == "bernoulli"

    @property
    def likelihood_label(self) -> str:
        """What the decoder's output means, on the screen.

        >>> model = ModelConfig(posterior="learned", latent_dim=2, likelihood="gaussian", scale=1)
        >>> model.likelihood_label
        'Gaussian, σ = 1'
        """
        if self.likelihood == "bernoulli":
            return "Bernoulli"
        return "Gaussian, σ learned" if self.scale is None else f"Gaussian, σ = {self.scale:g}"


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """How it is trained: Adam, the learning rate falling to 0 along a half cosine.

    Args:
        epochs: passes over the training set.
        batch_size: images per step.
        learning_rate: Adam's, at the start.
        warm_up: epochs over which the weight of the KL rises from 0 to β (Bowman et al. 2016,
            https://arxiv.org/abs/1511.06349).
        seed: decides initial weights, order of images and noise.
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

    >>> from core.recipes import recipe
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
        """A readable name and a short hash, unique to this config.

        Only fields that differ from their defaults are hashed, so that a field added later leaves
        every key as it is.
        """
        size = "" if self.data.size == SIZES[self.data.name][0] else self.data.size
        number = "" if self.model.number is None else f"-{self.model.number:g}"
        prior = "" if self.model.prior == "normal" else f"-{self.model.prior}"
        model = self.model.name + number + prior
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
            return cls(
                data=DataConfig(**values["data"]),
                model=ModelConfig(**_tuples(values["model"])),
                train=TrainConfig(**values["train"]),
            )
        except TypeError as error:
            raise ValueError(
                f"config should name every field that has no default: {error}"
            ) from error


def _check_fields(what: str, values: Mapping[str, Any], known: Iterable[str]) -> None:
    if not isinstance(values, Mapping):
        raise ValueError(f"{what} should be a table of fields, got {type(values).__name__}")
    for name in values:
        check_name(f"field of {what}", name, known)


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


_PART_OF = {
    field.name: part
    for part, of in (("data", DataConfig), ("model", ModelConfig), ("train", TrainConfig))
    for field in fields(of)
}

FIELDS = tuple(_PART_OF)
"""The fields of all three parts of a config, in order; no two parts share a name."""


def changed(config: RunConfig, **changes: Any) -> RunConfig:
    """Return the same config but for some fields.

    Args:
        config: a run.
        changes: fields of `DataConfig`, `ModelConfig` and `TrainConfig`.

    Raises:
        ValueError: a field is unknown, or its value out of range.

    >>> from core.recipes import recipe
    >>> changed(recipe("digits", "vae"), seed=3, beta=4.0).key
    'digits-beta-vae-4-z2-s3-...'
    """
    parts: dict[str, dict[str, Any]] = {}
    for name, value in changes.items():
        check_name("field", name, FIELDS)
        parts.setdefault(_PART_OF[name], {})[name] = value
    return replace(
        config, **{part: replace(getattr(config, part), **new) for part, new in parts.items()}
    )


def with_seed(config: RunConfig, seed: int) -> RunConfig:
    """Return the same config with another seed."""
    return changed(config, seed=seed)


def with_epochs(config: RunConfig, epochs: int) -> RunConfig:
    """Return the same config with another number of epochs, the same share of them to warm up.

    Args:
        config: a run.
        epochs: passes over the training set, at least 1.

    >>> from core.recipes import recipe
    >>> config = recipe("digits", "vae", prior="vamp", epochs=200)
    >>> with_epochs(config, 40).train.warm_up, with_epochs(config, 2).train.warm_up
    (4, 0)
    """
    warm_up = config.train.warm_up * epochs // config.train.epochs
    return changed(config, epochs=epochs, warm_up=warm_up)
