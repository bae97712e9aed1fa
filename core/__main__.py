"""The command line: train, list and show runs, without Streamlit."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from core.config import (
    ALL_LABELS,
    LIKELIHOODS,
    NETWORKS,
    PRIORS,
    SIZES,
    DataConfig,
    RunConfig,
    nearest,
)
from core.recipes import recipe
from core.shelf import MORE_SEEDS, SHELF, more_seeds, shipped
from core.sweep import ENGINES

if TYPE_CHECKING:
    from core.data import Split

EPILOG = """examples:
  python -m core train digits vae                        a two-latent VAE, in seconds
  python -m core train mnist beta-vae --latents 10 --beta 8 --epochs 30
  python -m core train sprites beta-vae --latents 10 --device cuda
  python -m core train sprites infogan --latents 10      a GAN whose codes can be read off its images
  python -m core shelf                                   train what is missing of the runs that ship, and measure it
  python -m core measure --train                         the numbers of every page, over seeds (hours on a CPU)
  python -m core sweep core/sweep/sprites.toml           a grid of runs into one table
  python -m core list                                    one line per run
  python -m core show digits-vae-z2                      everything about one run, by its key or the beginning of it

MNIST is read from the folder named by LATENT_LAB_DATA, else downloaded once. Errors leave with exit code 2."""

CLOSED = 141
"""Exit code where whoever reads the output has closed the pipe: that of a program that the signal SIGPIPE ends."""

STOPPED = (
    "stopped; runs that were finished are kept, and the same command goes on with the one in"
    " training"
)


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, with the nearest right name, and leaves with exit code 2."""

    def error(self, message: str) -> NoReturn:
        """Print the message and leave."""
        _refuse(f"{message}; see `{self.prog} --help`")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return what `argparse` makes of the words, or leave at an option that this command does not have."""
        parsed, extra = super().parse_known_args(args, namespace)
        known = [name for name in self._option_string_actions if name.startswith("--")]
        for option in (word.split("=")[0] for word in extra if word.startswith("-")):
            self.error(f"no option named {option}{nearest(option, known)}")
        return parsed, extra

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            names = [str(choice) for choice in action.choices]
            self.error(
                f"{action.dest} should be one of {', '.join(names)}, got"
                f" '{value}'{nearest(str(value), names)}"
            )


class OutputClosed(BaseException):
    """Nobody reads the output any more; like Ctrl-C, it is no failure of the run in training."""


class Bar:
    """A progress bar on standard error: share done, units per second, time left.

    Without a terminal it prints a line every tenth.

    Args:
        title: of what is done.
        total: units in all, or None where it is not known.
        unit: of what is counted.
        before: units that an earlier command did.
    """

    KNOWN = "{desc} {bar:20} {percentage:3.0f}%  {rate_noinv_fmt}  {remaining} left"
    UNKNOWN = "{desc}  {n_fmt}{unit}"

    def __init__(
        self, title: str, total: int | None, unit: str = "images", before: int = 0
    ) -> None:
        from tqdm import tqdm

        tqdm.monitor_interval = 0  # its thread would only watch for bars that are not updated
        self.terminal, self.tenth = sys.stderr.isatty(), -1
        self.meter = tqdm(
            desc=title,
            total=total,
            initial=before,
            unit=f" {unit}",
            unit_scale=True,
            smoothing=0,
            ascii="░█",
            bar_format=self.KNOWN if total else self.UNKNOWN,
            file=sys.stderr if self.terminal else io.StringIO(),
            mininterval=0.1 if self.terminal else float("inf"),
            delay=1e-6,  # nothing is drawn before something is done
        )

    def __call__(self, done: int, total: int | None = None) -> None:
        """Show how much is done."""
        if total:
            self.meter.total, self.meter.bar_format = total, self.KNOWN
        with _readers():
            self.meter.update(done - self.meter.n)
        if self.terminal or not self.meter.total:
            return
        tenth = int(10 * done / self.meter.total)
        if tenth > self.tenth:
            self.tenth = tenth
            self.say(str(self.meter))

    def name(self, title: str) -> None:
        """Give the bar another title, which is shown from the next call on."""
        self.meter.set_description_str(title, refresh=False)

    def say(self, text: str) -> None:
        """Print a line, above the bar where there is one."""
        with _readers():
            self.meter.clear()
            print(text, file=sys.stderr, flush=True)

    def close(self) -> None:
        """End the line."""
        with _readers():
            self.meter.close()


@contextlib.contextmanager
def _readers() -> Iterator[None]:
    """Turn the error of writing to nobody into `OutputClosed`."""
    try:
        yield
    except BrokenPipeError:
        raise OutputClosed from None


def program() -> int:
    """Run the command that this process was started with, and return its exit code.

    Where whoever reads the output has left, as `head` does once it has its lines, it ends without
    a word.
    """
    try:
        code = main()
    except SystemExit as end:
        code = int(end.code or 0)
    except (OutputClosed, BrokenPipeError):  # the second where an error was to be said
        code = CLOSED
    for stream in (sys.stderr, sys.stdout):
        try:
            if stream:  # None where it was closed from the start
                stream.flush()
        except BrokenPipeError:
            _discard(stream)
            code = CLOSED
        except OSError as error:
            _discard(stream)
            code = code or _say(f"the output could not be written ({error.strerror})")
    return code


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 2 for an error said in one line, 130 for
    Ctrl-C.

    Raises:
        OutputClosed: nobody reads the output any more.
    """
    try:
        parsed = _parser().parse_args(arguments)
        return parsed.run(parsed) or 0
    except KeyboardInterrupt:
        print(f"\n{STOPPED}", file=sys.stderr)
        return 130
    except BrokenPipeError:
        raise OutputClosed from None
    except (ValueError, ArithmeticError, RuntimeError, OSError) as error:
        _refuse(" ".join(str(error).split()))


def train_command(arguments: argparse.Namespace) -> int:
    """Train one run, or open it if it is kept, and print its line."""
    names = (
        "beta",
        "noise_ratio",
        "likelihood",
        "scale",
        "network",
        "size",
        "epochs",
        "batch_size",
        "learning_rate",
    )
    names += ("prior", "components", "warm_up", "noise_dim", "information")
    changes = {
        name: getattr(arguments, name)
        for name in (*names, "seed")
        if getattr(arguments, name) is not None
    }
    if arguments.hidden:
        changes["hidden"] = tuple(arguments.hidden)
    config = recipe(arguments.data, arguments.model, arguments.latents, **changes)
    _train(config, arguments, arguments.root)
    return list_command(arguments, only=config.key)


def shelf_command(arguments: argparse.Namespace) -> int:
    """Train those of the runs that ship which are not kept yet, and measure their samples."""
    for name in arguments.data:
        recipe(name, "vae")
    configs = [
        config for config in shipped() if not arguments.data or config.data.name in arguments.data
    ]
    for data in dict.fromkeys(config.data for config in configs):
        for config in configs:
            if config.data == data:
                _train(config, arguments, arguments.root)
        _train_classifier(data, arguments)
    arguments.train = False
    passed_over = _say_refused(_measure(arguments))
    return list_command(arguments) or passed_over


def measure_command(arguments: argparse.Namespace) -> int:
    """Measure every run of the shelf, and of further seeds, where that was not done yet.

    What cannot be read or measured is passed over and said at the end.
    """
    from core.checkpoints import CheckpointError, survey

    refused = _measure(arguments)
    for place in (arguments.root, arguments.root.parent / MORE_SEEDS):
        refused += [str(found) for _, found in survey(place) if isinstance(found, CheckpointError)]
    return _say_refused(refused)


def _measure(arguments: argparse.Namespace) -> list[str]:
    """Measure what was not measured yet, and return the sentences about what was passed over."""
    from core.experiments import STUDIES
    from core.experiments.measuring.every_run import measure_runs

    more, refused = arguments.root.parent / MORE_SEEDS, list[str]()
    if arguments.train:
        for config in (*shipped(), *more_seeds()):
            _train(config, arguments, arguments.root if config in shipped() else more)
    for study in STUDIES:
        with closing(Bar(f"measuring {study.name}", None, "runs")) as bar:
            print(
                measure_runs(
                    study, arguments.root, more=more, on_done=bar, on_refused=refused.append
                )
            )
    return refused


def _say_refused(sentences: list[str]) -> int:
    """Print each of some sentences once, and return the exit code that they make."""
    for sentence in dict.fromkeys(sentences):
        print(f"refused: {sentence}", file=sys.stderr)
    return 2 if sentences else 0


def sweep_command(arguments: argparse.Namespace) -> int:
    """Train a grid of runs, by one of several engines, and gather what they reached into one
    table.

    What is in the folder, on the shelf or in .seeds beside it is not trained again. A run that
    fails is recorded with its reason and the sweep goes on; the same command tries it again.
    """
    from core.sweep import SWEEPS, Options, engine_named, read_sweep

    sweep = read_sweep(arguments.file)
    options = Options(slots=arguments.slots, device=arguments.device, gpus=arguments.gpus)
    engine = engine_named(arguments.engine, options)
    from core.sweep.drive import missing, seen_before, train_missing
    from core.sweep.table import Table

    root = arguments.into or arguments.root.parent / SWEEPS
    path = arguments.table or root / f"{sweep.name}.csv"
    places = (root, arguments.root, arguments.root.parent / MORE_SEEDS)
    table = Table(sweep, root, places)
    table.write(path)
    left = missing(sweep.configs, places)
    images = {
        data: len(_load(data).train) for data in dict.fromkeys(config.data for config in left)
    }
    before = sum(seen_before(left, root, images).values())
    with closing(Bar(f"{sweep.name} 0/{len(left)}", None, before=before)) as bar:
        for done, outcome in enumerate(train_missing(left, engine, root, images, bar), 1):
            bar.name(f"{sweep.name} {done}/{len(left)}")
            table.write(path)
            if outcome.reason:
                bar.say(f"failed: {outcome.config.key}: {outcome.reason}")
    states = Counter(row["state"] for row in table.rows())
    print(
        f"{', '.join(f'{count} {state}' for state, count in states.items())}:", *table.write(path)
    )
    return 2 if states["failed"] else 0


def fetch_command(arguments: argparse.Namespace) -> None:
    """Download the images of MNIST once, unless they are here already."""
    _load(DataConfig(name="mnist"))
    print("the images of MNIST are on this machine")


def list_command(arguments: argparse.Namespace, only: str | None = None) -> int:
    """Print a line per run, and one per folder that was refused."""
    from core.checkpoints import CheckpointError, read_document, survey

    units = "(nats per test image, one code each; mse per pixel, of the mean code)"
    print(f"{'nll':>9} {'kl':>7} {'elbo':>9} {'mse':>8} {'seconds':>8}  key   {units}")
    refused = 0
    for key, found in survey(arguments.root):
        if only not in (None, key):
            continue
        try:
            metrics = (
                read_document(arguments.root / key)["metrics"]
                if isinstance(found, RunConfig)
                else None
            )
        except CheckpointError as error:  # it was removed or damaged just now
            found, metrics = error, None
        if metrics:
            kl, elbo = (
                f"{metrics[name]:.2f}" if metrics[name] is not None else "-"
                for name in ("kl", "elbo")
            )
            numbers = f"{metrics['nll']:9.2f} {kl:>7} {elbo:>9} {metrics['mse']:8.5f} {metrics['seconds']:8.0f}"
            print(f"{numbers}  {key}")
        else:
            refused = 2
            print(f"refused: {found}", file=sys.stderr)
    return refused


def show_command(arguments: argparse.Namespace) -> None:
    """Print everything about one run."""
    from core.metrics.latents import active
    from core.runs import open_run

    key, alike = _whole_key(arguments.key, arguments.root)
    run = open_run(key, arguments.root)
    config = run.config
    print(
        f"run         {key}"
        + (f", of {alike} whose keys begin with {arguments.key}" if alike > 1 else "")
    )
    for part, values in config.to_dict().items():
        print(
            f"{part:<12}"
            + "  ".join(f"{name}={value}" for name, value in values.items() if value is not None)
        )
    about = (
        f"{config.model.likelihood} likelihood; nll and elbo of one code per image, mse of the"
        " mean code"
    )
    print("measured    " + f"on {run.metrics['test_images']:,} test images, {about}")
    for name in ("nll", "kl", "elbo"):
        value = run.metrics[name]
        print(f"  {name:<10}" + ("-" if value is None else f"{value:.3f} nats per image"))
    print(f"  mse       {run.metrics['mse']:.5f} per pixel")
    alive = active(run.codes["mean"], run.codes["std"])
    print(f"  active    {alive.sum()} of {config.model.latent_dim} latents")
    print(
        f"  R         {run.metrics['squared_radius']:.4f}, mean squared distance of the codes from"
        " the origin"
    )
    if "code_error" in run.metrics:
        errors = "  ".join(f"{error:.2f}" for error in run.metrics["code_error"])
        print(
            f"  codes     {errors}, squared error of each recognised in generated images; 1 is"
            " chance"
        )
        print(f"  fooled    {run.metrics['fooled']:.0%} of generated images pass for real")
    print(
        f"  trained   {run.metrics['seconds']:.0f} s,"
        f" {run.metrics['images_per_second']:,.0f} images/s"
    )
    print("environment " + "  ".join(f"{name}={value}" for name, value in run.environment.items()))


def _train(config: RunConfig, arguments: argparse.Namespace, root: Path) -> None:
    from core.checkpoints import take_up
    from core.runs import load_or_train
    from core.runtime import keep_freed_memory

    if (root / config.key).is_dir() and not arguments.again:
        return
    keep_freed_memory()
    data = _load(config.data)
    left = None if arguments.again else take_up(root, config)
    before = len(left.history["nll"]) * len(data.train) if left else 0
    with closing(Bar(config.key, config.train.epochs * len(data.train), before=before)) as bar:
        load_or_train(
            config, root, data=data, device=arguments.device, on_step=bar, again=arguments.again
        )


def _train_classifier(data: DataConfig, arguments: argparse.Namespace) -> None:
    from core.devices import pick_device
    from core.experiments.classifiers import folder_name, judged_as
    from core.experiments.measuring.reference import make_reference, save_classifier

    data = judged_as(data)
    if (arguments.root / folder_name(data)).is_dir() and not arguments.again:
        return
    reference = make_reference(data, _load(data), device=pick_device(arguments.device))
    save_classifier(arguments.root, reference)
    print(f"{folder_name(data)}: {reference.accuracy:.2%} of the test images right")


def _load(data: DataConfig) -> Split:
    from core.data import load

    with closing(Bar("downloading MNIST", None, "bytes")) as bar:
        return load(data, download=True, progress=bar)


def _whole_key(beginning: str, root: Path) -> tuple[str, int]:
    """Return the key of the run that is meant, and how many keys begin so.

    Of several it is the one that the pages begin with: that ships, of seed 0, with the standard
    normal prior, the Bernoulli likelihood and no warm-up.
    """
    from core.checkpoints import survey

    found = {key: config for key, config in survey(root) if key.startswith(beginning)}
    if beginning in found or not found:
        return beginning, 1
    plain = [
        key for key, config in found.items() if isinstance(config, RunConfig) and _is_plain(config)
    ]
    named = plain or list(found)
    if len(named) > 1:
        listed = ", ".join(named[:4]) + (", ..." if len(found) > len(named[:4]) else "")
        raise ValueError(
            f"'{beginning}' should begin one key, begins {len(found)}: {listed}; write more of"
            " the key"
        )
    return named[0], len(found)


def _is_plain(config: RunConfig) -> bool:
    return (
        config.model.plain
        and config.train.seed == 0
        and config.train.warm_up == 0
        and config in shipped()
    )


def _parser() -> Parser:
    parser = Parser(
        prog="python -m core",
        description=(
            "Train autoencoders, noisy autoencoders, VAEs and β-VAEs; keep and show what was"
            " trained."
        ),
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--root",
        type=Path,
        default=SHELF,
        metavar="FOLDER",
        help="checkpoints (default: %(default)s)",
    )
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="COMMAND", parser_class=Parser
    )

    def command(name: str, run: Callable[..., int | None], text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=run.__doc__)
        added.set_defaults(run=run)
        return added

    _train_options(command("train", train_command, "train one run, or open it if it is kept"))
    shelf_parser = command(
        "shelf", shelf_command, "train those of the shipped runs that are missing"
    )
    shelf_parser.add_argument("data", nargs="*", metavar="DATA", help="only these data sets")
    _run_options(shelf_parser)
    measure = command("measure", measure_command, "measure every run that was not measured yet")
    measure.add_argument(
        "--train", action="store_true", help="first train what is missing, further seeds included"
    )
    _run_options(measure)
    _sweep_options(
        command("sweep", sweep_command, "train a grid of runs and gather them into one table")
    )
    command("fetch", fetch_command, "download MNIST once, unless it is here")
    command("list", list_command, "a line per run")
    show = command("show", show_command, "everything about one run")
    show.add_argument(
        "key",
        metavar="KEY",
        help="a run's key, or its beginning; of several runs, the plain one of seed 0",
    )
    return parser


def _run_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--device", metavar="NAME", help="cuda, mps or cpu (default: the best there is)"
    )
    parser.add_argument(
        "--again", action="store_true", help="train even what is kept, and replace it"
    )


def _sweep_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", type=Path, metavar="FILE.toml", help="what all runs share, and the lists to cross"
    )
    engines = "; ".join(f"{name}: {text}" for name, text in ENGINES.items())
    parser.add_argument(
        "--engine",
        choices=ENGINES,
        default="local",
        metavar="NAME",
        help=f"{engines} (default: local)",
    )
    parser.add_argument(
        "--slots", type=int, metavar="N", help="runs at once (default: one a core; batched: 8)"
    )
    parser.add_argument(
        "--root", type=Path, dest="into", metavar="FOLDER", help="of the runs (default: .sweeps)"
    )
    parser.add_argument(
        "--table",
        type=Path,
        metavar="FILE.csv",
        help="default: in the folder, named after the sweep",
    )
    parser.add_argument(
        "--gpus", type=float, default=0.0, metavar="SHARE", help="of a GPU for each run on Ray"
    )
    parser.add_argument(
        "--device", metavar="NAME", help="cuda, mps or cpu (default: the best there is)"
    )


def _train_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", metavar="DATA", help=", ".join(SIZES))
    parser.add_argument("model", metavar="MODEL", help=", ".join(ALL_LABELS))
    parser.add_argument(
        "--latents", type=int, default=2, metavar="L", help="number of latents (default: 2)"
    )
    parser.add_argument(
        "--beta",
        type=float,
        metavar="β",
        help="weight of the KL, at least 0 (default: 1, β-VAE 4)",
    )
    parser.add_argument(
        "--noise-ratio", type=float, metavar="η", help="noise variance is η·R (default: 0.05)"
    )
    parser.add_argument("--prior", metavar="NAME", help=f"{', '.join(PRIORS)} (default: normal)")
    parser.add_argument(
        "--components", type=int, metavar="K", help="of a mixture (default: 10) or VampPrior (50)"
    )
    parser.add_argument(
        "--warm-up",
        type=int,
        metavar="N",
        help="epochs over which β rises from 0 (default: 0; a tenth with a learned prior)",
    )
    parser.add_argument(
        "--likelihood", metavar="NAME", help=f"{' or '.join(LIKELIHOODS)} (default: bernoulli)"
    )
    parser.add_argument(
        "--scale", type=float, metavar="σ", help="of a Gaussian likelihood (default: learned)"
    )
    parser.add_argument(
        "--information",
        type=float,
        metavar="λ",
        help="of an InfoGAN, weight of the recognised codes",
    )
    parser.add_argument(
        "--noise-dim",
        type=int,
        metavar="N",
        help="of an InfoGAN, numbers of noise beside the code",
    )
    parser.add_argument(
        "--network", metavar="NAME", help=f"{' or '.join(NETWORKS)} (default: conv for sprites)"
    )
    parser.add_argument(
        "--hidden", type=int, nargs="+", metavar="W", help="widths of the fully connected layers"
    )
    parser.add_argument(
        "--size", type=int, metavar="PIXELS", help="of sprites: 32 or 64 (default: 32)"
    )
    parser.add_argument("--epochs", type=int, metavar="N", help="passes over the training set")
    parser.add_argument("--batch-size", type=int, metavar="N", help="images per step")
    parser.add_argument(
        "--learning-rate", type=float, metavar="RATE", help="Adam's, at the start (default: 0.001)"
    )
    parser.add_argument(
        "--seed", type=int, metavar="N", help="of weights, order and noise (default: 0)"
    )
    _run_options(parser)


def _refuse(message: str) -> NoReturn:
    raise SystemExit(_say(message))


def _say(message: str) -> int:
    """Say what is wrong, and return the exit code that goes with it."""
    print(f"latent-lab: {message}", file=sys.stderr)
    return 2


def _discard(stream: TextIO) -> None:
    """Let what a stream still holds go nowhere, so that Python does not try to write it once more as it ends."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal or a pipe may know no β
    sys.exit(program())
