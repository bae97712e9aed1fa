"""The command line: train, list and show runs, without Streamlit."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
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
    check_name,
    nearest,
)
from core.recipes import recipe
from core.shelf import MORE_SEEDS, SHELF, more_seeds, shipped
from core.sweep import ENGINES

if TYPE_CHECKING:
    from core.checkpoints import CheckpointError
    from core.data import Split
    from core.runs import Run

EPILOG = """examples:
  python -m core train digits vae                    a two-latent VAE, in seconds
  python -m core train mnist beta-vae --latents 10 --beta 8 --epochs 30
  python -m core train sprites beta-vae --latents 10 --device cuda
  python -m core train sprites infogan --latents 10  a GAN whose codes can be read off its images
  python -m core shelf                               train and measure what ships and is missing
  python -m core measure --train                     all numbers, over seeds (hours on a CPU)
  python -m core sweep core/sweep/sprites.toml       a grid of runs into one table
  python -m core list                                one line per run
  python -m core show digits-vae-z2                  one run, by its key or the beginning of it

MNIST's images to train on are read from the folder named by LATENT_LAB_DATA, else fetched once.
Errors leave with exit code 2."""

CLOSED = 141
"""Exit code where the reader of the output has closed the pipe, as after the signal SIGPIPE."""

STOPPED = (
    "stopped; runs that were finished are kept, and the same command goes on with the one in"
    " training"
)

FETCHING = "fetching MNIST"
"""Title of the bar of a download."""

_FIELDS = (
    "beta",
    "noise_ratio",
    "likelihood",
    "scale",
    "network",
    "hidden",
    "size",
    "epochs",
    "batch_size",
    "learning_rate",
    "prior",
    "components",
    "warm_up",
    "noise_dim",
    "information",
    "seed",
)
"""Options of `train` that are fields of a config; one that is left out is None."""


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, with the nearest right name, and exit code 2."""

    def error(self, message: str) -> NoReturn:
        """Print the message and leave."""
        _refuse(f"{message}; see `{self.prog} --help`")

    def parse_known_args(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, args: Any = None, namespace: Any = None
    ) -> Any:
        """Return what `argparse` returns, or leave at an option that the command does not have."""
        parsed, extra = super().parse_known_args(args, namespace)
        options = [name for name in self._option_string_actions if name.startswith("--")]
        for word in extra:
            if word.startswith("-"):
                unknown = word.split("=")[0]
                self.error(f"no option named {unknown}{nearest(unknown, options)}")
        return parsed, extra

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            names = [str(choice) for choice in action.choices]
            self.error(
                f"{action.dest} should be one of {', '.join(names)}, got"
                f" '{value}'{nearest(str(value), names)}"
            )


class OutputClosed(BaseException):
    """Nobody reads the output any more, which is no failure of the run in training."""


class Bar:
    """A progress bar on standard error: share done, units per second, time left.

    Without a terminal it prints a line every tenth.

    Args:
        title: what is done.
        total: number of units in all; None where it is not known.
        unit: what is counted.
        before: number of units that an earlier command did.
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

    It ends in silence where the reader of the output has left, as `head` does after its lines.
    """
    try:
        code = main()
    except SystemExit as end:
        code = int(end.code or 0)
    except (OutputClosed, BrokenPipeError):  # the second while an error was printed
        code = CLOSED
    for stream in (sys.stderr, sys.stdout):
        if stream:  # None if it was closed from the start
            code = _flush(stream, code)
    return code


def _flush(stream: TextIO, code: int) -> int:
    """Write what is left of the output, and return the exit code after that."""
    try:
        stream.flush()
    except BrokenPipeError:
        _discard(stream)
        return CLOSED
    except OSError as error:
        _discard(stream)
        return code or _print_error(f"the output could not be written ({error.strerror})")
    return code


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Args:
        arguments: words of the command; those of this process when left out.

    Returns:
        0; 2 after an error, which is printed as one line; 130 after Ctrl-C.

    Raises:
        OutputClosed: nobody reads the output any more.
    """
    stopped = STOPPED
    try:
        parsed = parser().parse_args(arguments)
        stopped = getattr(parsed, "stopped", STOPPED)
        return parsed.run(parsed) or 0
    except KeyboardInterrupt:
        print(f"\n{stopped}", file=sys.stderr)
        return 130
    except BrokenPipeError:
        raise OutputClosed from None
    except (ValueError, ArithmeticError, RuntimeError, OSError) as error:
        _refuse(" ".join(str(error).split()))


def train_command(arguments: argparse.Namespace) -> int:
    """Train one run, or open it if it is kept, and print its line."""
    options = {name: getattr(arguments, name) for name in _FIELDS}
    changes = {name: value for name, value in options.items() if value is not None}
    config = recipe(arguments.data, arguments.model, arguments.latents, **changes)
    _train(config, arguments, arguments.root)
    return list_command(arguments, only=config.key)


def shelf_command(arguments: argparse.Namespace) -> int:
    """Train the runs that ship and are not kept yet, and measure what was not measured."""
    for name in arguments.data:
        check_name("data set", name, SIZES)
    names = arguments.data or SIZES
    configs = [config for config in shipped() if config.data.name in names]
    for config in configs:
        _train(config, arguments, arguments.root)
    for data in dict.fromkeys(config.data for config in configs):
        _train_classifier(data, arguments)
    arguments.train = False
    code = _print_refused(_measure(arguments))
    return list_command(arguments) or code


def measure_command(arguments: argparse.Namespace) -> int:
    """Measure every run of the shelf, and of further seeds, where that was not done yet.

    A run that cannot be read or measured is passed over, and named at the end.
    """
    from core.checkpoints import CheckpointError, survey

    refused = _measure(arguments)
    for place in (arguments.root, arguments.root.parent / MORE_SEEDS):
        refused += [str(run) for _, run in survey(place) if isinstance(run, CheckpointError)]
    return _print_refused(refused)


def _measure(arguments: argparse.Namespace) -> list[str]:
    """Measure what was not measured yet, and return a sentence for each run passed over."""
    from core.experiments import STUDIES
    from core.experiments.measuring.every_run import measure_runs

    more, refused = arguments.root.parent / MORE_SEEDS, list[str]()
    if arguments.train:
        for config in (*shipped(), *more_seeds()):
            _train(config, arguments, arguments.root if config in shipped() else more)
    for study in STUDIES:
        with closing(Bar(f"measuring {study.name}", None, "runs")) as bar:
            path = measure_runs(
                study, arguments.root, more=more, on_done=bar, on_refused=refused.append
            )
            print(path)
    return refused


def _print_refused(sentences: list[str]) -> int:
    """Print each sentence once, and return the exit code: 2 where there is one, else 0."""
    for sentence in dict.fromkeys(sentences):
        print(f"refused: {sentence}", file=sys.stderr)
    return 2 if sentences else 0


def sweep_command(arguments: argparse.Namespace) -> int:
    """Train a grid of runs with one of several engines, and gather their numbers into one table.

    A run in the folder, on the shelf or in .seeds beside it is not trained again. A run that fails
    is recorded with its reason and the sweep goes on; the same command tries it again.
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
    data_sets = dict.fromkeys(config.data for config in left)
    images = {data: len(_load(data).train) for data in data_sets}
    before = sum(seen_before(left, root, images).values())
    with closing(Bar(f"{sweep.name} 0/{len(left)}", None, before=before)) as bar:
        for done, outcome in enumerate(train_missing(left, engine, root, images, bar), 1):
            bar.name(f"{sweep.name} {done}/{len(left)}")
            table.write(path)
            if outcome.reason:
                bar.say(f"failed: {outcome.config.key}: {outcome.reason}")
    states = Counter(row["state"] for row in table.rows())
    print(f"{_counted(states)}:", *table.write(path))
    return 2 if states["failed"] else 0


def _counted(states: Counter[str]) -> str:
    """Return how many runs there are of each state.

    >>> _counted(Counter(["kept", "failed", "kept"]))
    '2 kept, 1 failed'
    """
    return ", ".join(f"{count} {state}" for state, count in states.items())


def fetch_command(arguments: argparse.Namespace) -> None:
    """Fetch MNIST's images to train on, unless they are here already."""
    from core.data.fetching import fetch_once
    from core.jobs.fetching import reported

    watched = closing(Bar(FETCHING, None, "bytes"))
    if arguments.progress:
        watched = reported(arguments.progress)
    with watched as progress:
        fetch_once(progress)
    print("MNIST's images to train on are on this machine")


def list_command(arguments: argparse.Namespace, only: str | None = None) -> int:
    """Print a line per run, and one per folder that was refused."""
    from core.checkpoints import CheckpointError, survey

    units = "(nats per test image, one code each; mse per pixel, of the mean code)"
    print(f"{'nll':>9} {'kl':>7} {'elbo':>9} {'mse':>8} {'seconds':>8}  key   {units}")
    code = 0
    for key, run in survey(arguments.root):
        if only not in (None, key):
            continue
        try:
            print(f"{_numbers(run, arguments.root)}  {key}")
        except CheckpointError as error:
            code = 2
            print(f"refused: {error}", file=sys.stderr)
    return code


def _numbers(run: RunConfig | CheckpointError, root: Path) -> str:
    """Return the numbers of a run as columns.

    Args:
        run: its config, or why it was refused.
        root: folder of the runs.

    Raises:
        CheckpointError: it was refused, or removed or damaged just now.
    """
    from core.checkpoints import read_document

    if not isinstance(run, RunConfig):
        raise run
    metrics = read_document(root / run.key)["metrics"]
    kl, elbo = (_number(metrics[name], 2) for name in ("kl", "elbo"))
    seconds = f"{metrics['seconds']:8.0f}"
    return f"{metrics['nll']:9.2f} {kl:>7} {elbo:>9} {metrics['mse']:8.5f} {seconds}"


def _number(value: float | None, digits: int) -> str:
    """Return a number with some digits behind the point, or a dash where there is none."""
    return "-" if value is None else f"{value:.{digits}f}"


def show_command(arguments: argparse.Namespace) -> None:
    """Print everything about one run."""
    from core.runs import open_run

    key, count = _whole_key(arguments.key, arguments.root)
    run = open_run(key, arguments.root)
    others = f", of {count} whose keys begin with {arguments.key}" if count > 1 else ""
    print(f"run         {key}{others}")
    for part, values in run.config.to_dict().items():
        known = {name: value for name, value in values.items() if value is not None}
        print(f"{part:<12}{_pairs(known)}")
    _print_numbers(run)
    print(f"environment {_pairs(run.environment)}")


def export_command(arguments: argparse.Namespace) -> None:
    """Write some runs as one HTML file that decodes in the browser, without a network."""
    from core import checkpoints, handout

    keys = [_whole_key(beginning, arguments.root)[0] for beginning in arguments.keys]
    handout.write([checkpoints.load(arguments.root, key) for key in keys], arguments.out)
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.1f} MB")


def _print_numbers(run: Run) -> None:
    """Print what was measured of a run, a line each."""
    from core.metrics.latents import active

    model, metrics = run.config.model, run.metrics
    print(
        f"measured    on {metrics['test_images']:,} test images, {model.likelihood} likelihood;"
        " nll and elbo of one code per image, mse of the mean code"
    )
    for name in ("nll", "kl", "elbo"):
        unit = "" if metrics[name] is None else " nats per image"
        print(f"  {name:<10}{_number(metrics[name], 3)}{unit}")
    print(f"  mse       {metrics['mse']:.5f} per pixel")
    count = active(run.codes["mean"], run.codes["std"]).sum()
    print(f"  active    {count} of {model.latent_dim} latents")
    print(
        f"  R         {metrics['squared_radius']:.4f}, mean squared distance of the codes from the"
        " origin"
    )
    if "code_error" in metrics:
        errors = "  ".join(f"{error:.2f}" for error in metrics["code_error"])
        print(
            f"  codes     {errors}, squared error of each recognised in generated images; 1 is"
            " chance"
        )
        print(f"  fooled    {metrics['fooled']:.0%} of generated images pass for real")
    print(f"  trained   {metrics['seconds']:.0f} s, {metrics['images_per_second']:,.0f} images/s")


def _pairs(values: Mapping[str, object]) -> str:
    """Return names and values on one line.

    >>> _pairs({"name": "digits", "size": 8})
    'name=digits  size=8'
    """
    return "  ".join(f"{name}={value}" for name, value in values.items())


def _train(config: RunConfig, arguments: argparse.Namespace, root: Path) -> None:
    from core.checkpoints import load_unfinished
    from core.runs import load_or_train
    from core.runtime import keep_freed_memory

    if (root / config.key).is_dir() and not arguments.again:
        return
    keep_freed_memory()
    data = _load(config.data)
    left = None if arguments.again else load_unfinished(root, config)
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

    with closing(Bar(FETCHING, None, "bytes")) as bar:
        return load(data, download=True, progress=bar)


def _whole_key(beginning: str, root: Path) -> tuple[str, int]:
    """Return the key of the run that is meant, and how many keys begin so.

    Among several keys it is that of the run that the pages begin with: it ships, of seed 0, with
    the standard normal prior, the Bernoulli likelihood and no warm-up.

    Args:
        beginning: the key, or the beginning of it.
        root: folder of the runs.

    Raises:
        ValueError: several keys begin so, and none or more than one of them is such a run's.
    """
    from core.checkpoints import survey

    runs = {key: run for key, run in survey(root) if key.startswith(beginning)}
    if beginning in runs or not runs:
        return beginning, 1
    plain = [key for key, run in runs.items() if isinstance(run, RunConfig) and _is_plain(run)]
    meant = plain or list(runs)
    if len(meant) == 1:
        return meant[0], len(runs)
    listed = ", ".join(meant[:4])
    more = ", ..." if len(runs) > len(meant[:4]) else ""
    raise ValueError(
        f"'{beginning}' should begin one key, begins {len(runs)}: {listed}{more}; write more of"
        " the key"
    )


def _is_plain(config: RunConfig) -> bool:
    return (
        config.model.plain
        and config.train.seed == 0
        and config.train.warm_up == 0
        and config in shipped()
    )


def parser() -> Parser:
    """Return the parser of all commands."""
    whole = Parser(
        prog="python -m core",
        description=(
            "Train autoencoders, noisy autoencoders, VAEs and β-VAEs; keep and show what was"
            " trained."
        ),
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument(
        "--root",
        type=Path,
        default=SHELF,
        metavar="FOLDER",
        help="checkpoints (default: %(default)s)",
    )
    commands = whole.add_subparsers(
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
    fetch = command(
        "fetch", fetch_command, "fetch MNIST's images to train on, unless they are here"
    )
    fetch.set_defaults(stopped="stopped; the same command goes on with the file that is missing")
    fetch.add_argument(
        "--progress",
        type=Path,
        metavar="FILE",
        help="for another process to read, in place of the bar; gone when all is here",
    )
    command("list", list_command, "a line per run")
    show = command("show", show_command, "everything about one run")
    show.add_argument(
        "key",
        metavar="KEY",
        help="a run's key, or its beginning; of several runs, the plain one of seed 0",
    )
    export = command("export", export_command, "some runs as one HTML file, to hand out")
    export.add_argument(
        "keys", metavar="KEY", nargs="+", help="as in `show`; of one data set and as many latents"
    )
    export.add_argument(
        "--out",
        type=Path,
        default=Path("latent-lab.html"),
        metavar="FILE",
        help="a new file (default: %(default)s)",
    )
    return whole


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
    raise SystemExit(_print_error(message))


def _print_error(message: str) -> int:
    """Print what is wrong, and return the exit code that goes with it."""
    print(f"latent-lab: {message}", file=sys.stderr)
    return 2


def _discard(stream: TextIO) -> None:
    """Send what a stream still holds nowhere, so that Python does not write it as it ends."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # the encoding of a terminal may have no β
    sys.exit(program())
