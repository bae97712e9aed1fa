import errno
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core import __main__ as command_line
from core.__main__ import CLOSED, Bar, main
from core.checkpoints import UNFINISHED, survey
from core.config import with_seed
from core.data import fetching, mnist
from core.experiments import STUDIES
from core.experiments.kept import numbers_of
from core.experiments.measuring import reference
from core.experiments.samples import kept_quality
from core.experiments.traits import TRAITS
from core.recipes import recipe
from core.runs import load_or_train, open_run, train_and_keep
from core.shelf import MORE_SEEDS, SHELF

PROJECT = SHELF.parent
TINY = ("--hidden", "8", "--epochs", "1", "--device", "cpu")
VAE = recipe("digits", "vae", hidden=(8,), epochs=1)
AE = recipe("digits", "ae", hidden=(8,), epochs=1)


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Return exit code, output and errors of a command."""
    try:
        code = main([str(word) for word in words])
    except SystemExit as left:
        code = int(left.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


def refusal(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """Return the one line that a refused command says."""
    code, out, err = run(capsys, *words)
    assert (code, out) == (2, "")
    said = err.splitlines()[-1]
    assert said.startswith("latent-lab: ")
    assert not re.search(r"Traceback|Error\b", err)
    return said.removeprefix("latent-lab: ")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    for config in (VAE, AE):
        load_or_train(config, folder, device="cpu")
    return folder


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    """Return a folder with two finished runs."""
    return shutil.copytree(made, tmp_path / "root")


def damage(root: Path) -> None:
    path = root / VAE.key / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-1])


def test_help_says_what_there_is_with_examples(capsys: pytest.CaptureFixture[str]):
    code, out, err = run(capsys, "--help")
    assert (code, err) == (0, "")
    assert "examples:" in out
    assert "python -m core train digits vae" in out
    assert "exit code 2" in out
    for command in ("train", "shelf", "measure", "list", "show", "--root"):
        assert command in out


@pytest.mark.parametrize("command", ["train", "shelf", "measure", "list", "show"])
def test_every_command_and_option_is_explained(capsys: pytest.CaptureFixture[str], command: str):
    code, out, _ = run(capsys, command, "--help")
    assert code == 0
    described, options = out.split("options:")
    assert len(described.splitlines()[2]) > 10
    for line in options.splitlines():
        assert not re.fullmatch(r"\s+--?[a-z-]+( [^\s]+)?", line), (
            f"'{line.strip()}' needs a word of help"
        )


@pytest.mark.slow
def test_an_infogan_is_trained_listed_and_shown(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    code, out, _ = run(
        capsys, "--root", tmp_path, "train", "digits", "infogan", *TINY, "--noise-dim", 0
    )
    key = recipe("digits", "infogan", hidden=(8,), epochs=1, noise_dim=0).key
    assert (code, out.split()[-1]) == (0, key)
    code, out, _ = run(capsys, "--root", tmp_path, "show", "digits-infogan")
    assert code == 0
    assert re.search(r"codes +\d\.\d\d  \d\.\d\d, squared error", out)
    assert re.search(r"fooled +\d+%", out)


@pytest.mark.parametrize(
    "example", re.findall(r"python -m core (train .+?)(?:  |\n)", command_line.EPILOG)
)
def test_the_examples_are_commands(example: str):
    arguments = command_line.parser().parse_args(example.split())
    assert recipe(arguments.data, arguments.model, arguments.latents)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "trian digits vae",
            (
                r"command should be one of train, .*, got 'trian', did you mean 'train'\?; see `.*"
                r" --help`"
            ),
        ),
        (
            "train digist vae",
            r"data set should be one of digits, mnist, .*, got 'digist', did you mean 'digits'\?",
        ),
        (
            "train digits vea",
            r"model should be one of .*, beta-vae, infogan, got 'vea', did you mean 'vae'\?",
        ),
        (
            "train digits vae --latnets 3",
            r"no option named --latnets, did you mean '--latents'\?; see `.*train --help`",
        ),
        (
            "train digits vae --latnets=3",
            r"no option named --latnets, did you mean '--latents'\?; see `.*train --help`",
        ),
        (
            "train digits infogan --beta 4",
            "beta should be 0 with a recognised posterior, which is charged no KL, got 4.0",
        ),
        (
            "train digits vae --information 1",
            "information should be left out with a learned posterior, got 1.0",
        ),
        ("list --xyz", r"no option named --xyz; see `python -m core list --help`"),
        (
            "train digits vae --network cnov",
            r"network should be one of mlp, gated, conv, got 'cnov', did you mean 'conv'\?",
        ),
        (
            "train digits vae --likelihood gauss",
            r"likelihood should .*, got 'gauss', did you mean 'gaussian'\?",
        ),
        ("shelf mnits", r"data set should be one of .*, got 'mnits', did you mean 'mnist'\?"),
        ("train digits beta-vae --beta -1", r"beta should be at least 0, got -1.0"),
        ("train digits vae --beta nan", r"beta should be a finite number, got nan"),
        (
            "train digits ae --beta 4",
            r"beta should be 0 with a point posterior, which is charged no KL, got 4.0",
        ),
        ("train digits vae --latents 0", r"latent_dim should be between 1 and 1024, got 0"),
        (
            "train digits vae --latents two",
            r"argument --latents: invalid int value: 'two'; see `.*`",
        ),
        ("train digits vae --epochs 0", r"epochs should be between 1 and 100000, got 0"),
        (
            "train digits vae --hidden 8 0",
            r"each width in hidden should be between 1 and 65536, got 0",
        ),
        (
            "train digits vae --network conv",
            r"network should be mlp or gated for digits; conv needs sprites, 32x32 or 64x64",
        ),
        ("train sprites vae --size 28", r"size of sprites should be 32 or 64, got 28"),
        (
            "train digits vae --device cdua",
            r"device should be one of .*cpu on this machine, got 'cdua'",
        ),
        (
            "train digits",
            r"the following arguments are required: MODEL; see `python -m core train --help`",
        ),
        ("", r"the following arguments are required: COMMAND; see `python -m core --help`"),
        ("show", r"the following arguments are required: KEY; see `python -m core show --help`"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, words: str, said: str
):
    assert re.fullmatch(said, refusal(capsys, "--root", tmp_path, *words.split()))
    assert list(tmp_path.iterdir()) == []


def test_train_trains_keeps_and_prints_a_line(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    words = (
        "--root",
        tmp_path,
        "train",
        "digits",
        "beta-vae",
        "--beta",
        2,
        "--latents",
        3,
        "--seed",
        5,
        *TINY,
    )
    code, out, err = run(capsys, *words)
    config = recipe("digits", "beta-vae", 3, beta=2.0, seed=5, hidden=(8,), epochs=1)
    assert code == 0
    assert list(survey(tmp_path)) == [(config.key, config)]
    header, line = out.splitlines()
    assert header.split()[:6] == ["nll", "kl", "elbo", "mse", "seconds", "key"]
    assert line.split()[-1] == config.key
    assert re.search(r"100%  [\d.]+k? images/s  00:00 left", err)
    code, again, err = run(capsys, *words)
    assert (code, again, err) == (0, out, "")


def test_every_option_of_train_reaches_the_config(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    words = (
        "train digits noisy-ae --noise-ratio 0.2 --likelihood gaussian --scale 0.1"
        " --batch-size 500"
    )
    more = "--learning-rate 0.01 --network mlp --size 8"
    assert run(capsys, "--root", tmp_path, *words.split(), *more.split(), *TINY)[0] == 0
    settings = {
        "noise_ratio": 0.2,
        "likelihood": "gaussian",
        "scale": 0.1,
        "batch_size": 500,
        "learning_rate": 0.01,
    }
    config = recipe("digits", "noisy-ae", **settings, hidden=(8,), epochs=1)
    assert [key for key, _ in survey(tmp_path)] == [config.key]


def test_again_trains_what_is_kept(capsys: pytest.CaptureFixture[str], root: Path):
    words = ("--root", root, "train", "digits", "vae", *TINY)
    assert run(capsys, *words)[2] == ""
    assert "images/s" in run(capsys, *words, "--again")[2]


def test_train_goes_on_with_what_was_left_and_again_does_not(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    config = recipe("digits", "vae", hidden=(8,), epochs=4)
    words = (
        "--root",
        tmp_path,
        "train",
        "digits",
        "vae",
        "--hidden",
        8,
        "--epochs",
        4,
        "--device",
        "cpu",
    )
    for more, first in ((), " 76%"), (("--again",), " 1%"):
        left = train_and_keep(config, tmp_path, device="cpu")
        for _ in range(3):
            next(left)
        left.close()
        code, _, err = run(capsys, *words, *more)
        assert (code, first in err.splitlines()[0]) == (0, True), err
        assert len(open_run(config.key, tmp_path).history["nll"]) == 4
        assert not (tmp_path / UNFINISHED).exists()


def test_list_prints_the_numbers_of_every_run(capsys: pytest.CaptureFixture[str], root: Path):
    code, out, err = run(capsys, "--root", root, "list")
    assert (code, err) == (0, "")
    header, *lines = out.splitlines()
    assert "nats per test image" in header
    rows = {line.split()[-1]: line.split()[:-1] for line in lines}
    assert list(rows) == sorted([VAE.key, AE.key])
    metrics = open_run(VAE.key, root).metrics
    shown = [float(number) for number in rows[VAE.key][:4]]
    assert shown == pytest.approx(
        [metrics[name] for name in ("nll", "kl", "elbo", "mse")], abs=0.006
    )
    assert rows[AE.key][1:3] == ["-", "-"]


def test_a_refused_run_is_listed_as_one_with_exit_code_2_and_the_others_are_listed(
    capsys: pytest.CaptureFixture[str], root: Path
):
    damage(root)
    code, out, err = run(capsys, "--root", root, "list")
    assert code == 2
    assert AE.key in out
    assert VAE.key not in out
    name = f"{VAE.key}/weights.safetensors"
    assert err == f"refused: {name} was altered or cut short; copy the folder or train it again\n"


def test_a_refused_run_is_neither_shown_nor_trained_over(
    capsys: pytest.CaptureFixture[str], root: Path
):
    damage(root)
    assert "was altered or cut short" in refusal(capsys, "--root", root, "show", VAE.key)
    code, _, err = run(capsys, "--root", root, "train", "digits", "vae", *TINY)
    assert code == 2
    assert err.startswith(f"refused: {VAE.key}")
    assert run(capsys, "--root", root, "train", "digits", "vae", *TINY, "--again")[0] == 0
    assert run(capsys, "--root", root, "list")[0] == 0


def test_show_says_everything_about_a_run(capsys: pytest.CaptureFixture[str], root: Path):
    code, out, err = run(capsys, "--root", root, "show", VAE.key)
    assert (code, err) == (0, "")
    metrics = open_run(VAE.key, root).metrics
    for words in (
        "posterior=learned",
        "seed=0",
        "hidden=[8]",
        "bernoulli likelihood",
        "360 test images",
        "torch=",
    ):
        assert words in out
    assert f"nll       {metrics['nll']:.3f} nats per image" in out
    assert f"elbo      {-metrics['nll'] - metrics['kl']:.3f} nats per image" in out
    assert re.search(r"active    [012] of 2 latents", out)


def test_show_of_an_autoencoder_has_no_bound(capsys: pytest.CaptureFixture[str], root: Path):
    _, out, _ = run(capsys, "--root", root, "show", AE.key)
    assert re.search(r"kl +-\n +elbo +-\n", out)


def test_a_unique_beginning_of_a_key_is_enough(capsys: pytest.CaptureFixture[str], root: Path):
    code, out, _ = run(capsys, "--root", root, "show", "digits-v")
    assert (code, out) == run(capsys, "--root", root, "show", VAE.key)[:2]
    assert out.splitlines()[0] == f"run         {VAE.key}"
    said = refusal(capsys, "--root", root, "show", "digits")
    assert (
        said
        == f"'digits' should begin one key, begins 2: {AE.key}, {VAE.key}; write more of the key"
    )


@pytest.mark.parametrize(
    ("beginning", "key"),
    [
        ("digits-vae-z2", "digits-vae-z2-s0-2d2472c0"),
        ("mnist-vae-z2", "mnist-vae-z2-s0-0adc78ca"),
        ("sprites-vae", "sprites-vae-z10-s0-73b30076"),
    ],
)
def test_of_several_runs_that_ship_the_plain_one_of_seed_0_is_shown(
    capsys: pytest.CaptureFixture[str], beginning: str, key: str
):
    code, out, err = run(capsys, "show", beginning)
    assert (code, err) == (0, "")
    count = sum(name.startswith(beginning) for name, _ in survey(SHELF))
    first, *rest = out.splitlines()
    assert first == f"run         {key}, of {count} whose keys begin with {beginning}"
    assert rest == run(capsys, "show", key)[1].splitlines()[1:]


def test_of_several_runs_that_ship_without_one_plain_one_none_is_shown(
    capsys: pytest.CaptureFixture[str], root: Path, monkeypatch: pytest.MonkeyPatch
):
    other_likelihood = recipe("digits", "vae", hidden=(8,), epochs=1, likelihood="gaussian")
    warmed_up = recipe("digits", "vae", hidden=(8,), epochs=1, warm_up=1)
    for config in (other_likelihood, warmed_up, with_seed(VAE, 1)):
        load_or_train(config, root, device="cpu")
    monkeypatch.setattr(
        command_line, "shipped", lambda: (VAE, AE, other_likelihood, warmed_up, with_seed(VAE, 1))
    )
    code, out, _ = run(capsys, "--root", root, "show", "digits-vae-z2")
    assert (code, out.splitlines()[0]) == (
        0,
        f"run         {VAE.key}, of 4 whose keys begin with digits-vae-z2",
    )
    said = refusal(capsys, "--root", root, "show", "digits")
    assert (
        said == f"'digits' should begin one key, begins 5: {AE.key}, {VAE.key}, ...; write more of"
        " the key"
    )
    monkeypatch.setattr(
        command_line, "shipped", lambda: (AE, other_likelihood, warmed_up, with_seed(VAE, 1))
    )
    said = refusal(capsys, "--root", root, "show", "digits-vae-z2")
    keys = sorted(config.key for config in (VAE, other_likelihood, warmed_up, with_seed(VAE, 1)))
    assert (
        said == f"'digits-vae-z2' should begin one key, begins 4: {', '.join(keys)}; write more of"
        " the key"
    )


@pytest.mark.parametrize("key", ["digits-vae-z3-s0", "../root", "nonsense", "."])
def test_an_unknown_key_is_refused(capsys: pytest.CaptureFixture[str], root: Path, key: str):
    said = refusal(capsys, "--root", root, "show", key)
    assert said.startswith(f"no run named '{key}' in {root}")
    assert (f"did you mean '{VAE.key}'?" in said) == key.startswith("digits-vae")


def test_a_missing_data_folder_is_said_to_be_missing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path / "nowhere"))
    said = refusal(capsys, "--root", tmp_path / "root", "train", "mnist", "vae", *TINY)
    assert "LATENT_LAB_DATA should name a folder" in said
    assert str(tmp_path / "nowhere") in said


def test_no_network_is_one_line_that_says_what_to_do(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def unreachable(*arguments: object, **options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.delenv("LATENT_LAB_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(socket, "getaddrinfo", unreachable)
    said = refusal(capsys, "--root", tmp_path / "root", "train", "mnist", "vae", *TINY)
    assert "Name or service not known" in said
    assert "set LATENT_LAB_DATA to a folder" in said


def test_ctrl_c_while_fetching_says_how_to_go_on(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def stop(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.delenv("LATENT_LAB_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(fetching, "urlopen", stop)
    assert main(["fetch"]) == 130
    said = capsys.readouterr().err.strip()
    assert said == "stopped; the same command goes on with the file that is missing"
    assert list(mnist.downloads().iterdir()) == []


def test_a_full_disk_is_one_line_and_leaves_nothing_half_made(
    capsys: pytest.CaptureFixture[str], root: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    said = refusal(capsys, "--root", root, "train", "digits", "noisy-ae", *TINY)
    assert said == f"the disk that holds {root} is full; free some space and train again"
    assert sorted(path.name for path in root.iterdir()) == sorted([VAE.key, AE.key])


def test_a_root_that_cannot_be_written_is_refused_before_training(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    (tmp_path / "file").write_text("")
    said = refusal(
        capsys, "--root", tmp_path / "file", "train", "digits", "vae", "--epochs", 100_000
    )
    assert re.fullmatch(r".* cannot be written \(.+\); check the folder and its permissions", said)


def test_training_that_diverges_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    hidden = ("--hidden", 32, 32, 32, "--epochs", 1, "--device", "cpu")
    said = refusal(
        capsys, "--root", tmp_path, "train", "digits", "vae", *hidden, "--learning-rate", 1
    )
    assert said == "training diverged in epoch 1: the nll is nan; lower the learning rate"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_shelf_is_trained_judged_and_measured_once(
    capsys: pytest.CaptureFixture[str], root: Path, monkeypatch: pytest.MonkeyPatch
):
    other = recipe("digits", "noisy-ae", hidden=(8,), epochs=1)
    monkeypatch.setattr(command_line, "shipped", lambda: (VAE, other))
    monkeypatch.setitem(reference.TRAINING, "digits", {"epochs": 1})
    code, out, err = run(capsys, "--root", root, "shelf", "--device", "cpu")
    assert code == 0
    assert dict(survey(root)) == {config.key: config for config in (VAE, AE, other)}
    assert other.key in err
    assert VAE.key not in err
    assert re.search(r"classifier-digits: \d+\.\d\d% of the test images right", out)
    assert all(kept_quality(config, "prior", root) for config in (VAE, AE, other))
    code, again, err = run(capsys, "--root", root, "shelf", "digits")
    assert code == 0
    assert "classifier-digits" not in again
    assert other.key not in err
    run(capsys, "--root", root, "shelf", "sprites")
    assert len(list(survey(root))) == 3


def test_measure_says_where_the_numbers_are(capsys: pytest.CaptureFixture[str], root: Path):
    code, out, _ = run(capsys, "--root", root, "measure")
    assert (code, out.splitlines()) == (0, [str(study.path(root)) for study in STUDIES])
    for study in STUDIES:
        entries = json.loads(study.path(root).read_text())["entries"]
        assert entries.keys() == {c.key for c in (VAE, AE) if study.covers(c) and not study.judged}


@pytest.mark.slow
def test_measure_trains_what_is_missing_and_further_seeds_beside_the_shelf(
    capsys: pytest.CaptureFixture[str], root: Path, monkeypatch: pytest.MonkeyPatch
):
    other, seed = recipe("digits", "noisy-ae", hidden=(8,), epochs=1), with_seed(VAE, 1)
    monkeypatch.setattr(command_line, "shipped", lambda: (VAE, other))
    monkeypatch.setattr(command_line, "more_seeds", lambda: (seed,))
    code, _, _ = run(capsys, "--root", root, "measure", "--train", "--device", "cpu")
    assert code == 0
    assert dict(survey(root)) == {config.key: config for config in (VAE, AE, other)}
    assert dict(survey(root.parent / MORE_SEEDS)) == {seed.key: seed}
    assert numbers_of(TRAITS, other, root) is not None
    assert seed.key in TRAITS.path(root).read_text()


def test_the_bar_says_how_much_how_fast_and_how_long_still(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    now = 100.0
    monkeypatch.setattr("tqdm.std.time", lambda: now)
    bar, late, download = (
        Bar("title", 2000),
        Bar("title", 2000, before=1000),
        Bar("download", None, "bytes"),
    )
    now = 102.0
    for meter, done in ((bar, 500), (late, 1500), (download, 1234)):
        meter(done)
    assert str(bar.meter) == "title █████░░░░░░░░░░░░░░░  25%  250 images/s  00:06 left"
    assert str(late.meter).endswith(" 75%  250 images/s  00:02 left")
    assert str(download.meter) == "download  1.23k bytes"
    now = 104.0
    bar(2000)
    download(1500, 3000)
    assert str(bar.meter).endswith("100%  500 images/s  00:00 left")
    assert str(download.meter).startswith("download ██████████░░░░░░░░░░  50%")
    for meter in (bar, late, download):
        meter.close()
    assert len(capsys.readouterr().err.splitlines()) == 4


def test_without_a_terminal_the_bar_is_a_line_every_tenth(capsys: pytest.CaptureFixture[str]):
    bar, unused = Bar("title", 2000), Bar("unused", 100)
    for done in range(0, 2001, 5):
        bar(done)
    bar.close()
    unused.close()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 11
    assert [line.split()[2] for line in lines] == [f"{share}%" for share in range(0, 101, 10)]


def test_on_a_terminal_the_bar_stays_on_its_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    bar, unused = Bar("title", 100), Bar("unused", 100)
    for done in range(101):
        bar(done)
        time.sleep(0.003)
    bar.close()
    unused.close()
    err = capsys.readouterr().err
    assert (err.count("\n"), err[-1]) == (1, "\n")
    assert err.count("\r") >= 2
    assert err.rsplit("\r", 1)[1].startswith("title ████████████████████ 100%")


def test_what_is_said_beside_a_bar_has_a_line_of_its_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    bar = Bar("title", 100)
    bar(50)
    time.sleep(0.11)
    bar(60)
    bar.say("failed: one")
    bar(100)
    bar.close()
    above, last, end = (line.split("\r")[-1] for line in capsys.readouterr().err.split("\n"))
    assert above == "failed: one"
    assert last.startswith("title ████████████████████ 100%")
    assert end == ""


def python(code: str, *words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter."""
    command = [sys.executable, "-W", "error", "-c", code, *map(str, words)]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=PROJECT, env=os.environ | environment
    )


AS_MODULE = "import runpy; runpy.run_module('core', run_name='__main__', alter_sys=True)"


def test_help_and_a_mistyped_name_wait_for_no_library():
    watch = (
        "import atexit, sys; atexit.register(lambda: print(*{'torch', 'numpy', 'sklearn'} &"
        " {*sys.modules}))\n"
    )
    for words, code in ((["--help"], 0), (["trian"], 2), (["train", "digits", "vea"], 2)):
        done = python(watch + AS_MODULE, *words)
        assert done.returncode == code
        assert done.stdout.splitlines()[-1] == ""


def test_fetching_needs_neither_torch_nor_scikit_learn(tmp_path: Path):
    watch = (
        "import atexit, sys; atexit.register(lambda: print(*{'torch', 'sklearn', 'streamlit'} &"
        " {*sys.modules}))\n"
    )
    done = python(watch + AS_MODULE, "fetch", LATENT_LAB_DATA=str(tmp_path / "nowhere"))
    assert (done.returncode, done.stdout) == (2, "\n")
    assert "LATENT_LAB_DATA should name a folder" in done.stderr


def test_a_pipe_that_knows_no_greek_is_no_reason_to_fail():
    done = python(AS_MODULE, "train", "--help", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert "weight of the KL" in done.stdout


def to_nobody(*words: object, errors: bool = False, **environment: str) -> tuple[int, str]:
    """Return exit code and errors of a command whose output, and `errors` if so, nobody reads."""
    nobody, output = os.pipe()
    os.close(nobody)
    command = [sys.executable, "-m", "core", *map(str, words)]
    settings = os.environ | {"PYTHONUNBUFFERED": ""} | environment
    try:
        done = subprocess.run(
            command,
            stdout=output,
            stderr=output if errors else subprocess.PIPE,
            text=True,
            cwd=PROJECT,
            env=settings,
            check=False,
        )
    finally:
        os.close(output)
    return done.returncode, done.stderr or ""


@pytest.mark.parametrize("words", ["--help", "train --help"])
def test_help_that_nobody_reads_ends_without_a_word(words: str):
    assert to_nobody(*words.split()) == (CLOSED, "")
    assert to_nobody(*words.split(), PYTHONUNBUFFERED="1")[1] == ""
    assert to_nobody("trian", errors=True) == (CLOSED, "")


SWEEP = """
[run]
data = "digits"
model = "vae"
hidden = [8]
epochs = 1

[grid]
seed = [0]
"""


@pytest.mark.slow
@pytest.mark.parametrize("words", ["list", "show digits-vae", "train digits vae", "sweep FILE"])
def test_a_command_whose_output_nobody_reads_does_its_work_and_ends_without_a_word(
    root: Path, words: str
):
    (root.parent / "tiny.toml").write_text(SWEEP)
    line = words.replace("FILE", str(root.parent / "tiny.toml"))
    tiny = TINY if words.startswith("train") else ()
    assert to_nobody("--root", root, *line.split(), *tiny) == (CLOSED, "")
    assert dict(survey(root)) == {VAE.key: VAE, AE.key: AE}
    assert (root.parent / ".sweeps" / "tiny.csv").exists() == words.startswith("sweep")


@pytest.mark.slow
def test_measuring_where_nobody_reads_the_output_ends_without_a_word(tmp_path: Path):
    assert to_nobody("--root", tmp_path / "empty", "measure") == (CLOSED, "")


@pytest.mark.slow
def test_a_list_that_nobody_reads_is_as_silent_without_a_buffer(root: Path):
    assert to_nobody("--root", root, "list", PYTHONUNBUFFERED="1") == (CLOSED, "")


@pytest.mark.slow
def test_a_training_whose_progress_nobody_reads_ends_and_leaves_nothing_broken(root: Path):
    words = ("train", "digits", "vae", "--epochs", 100_000, "--hidden", 8, "--device", "cpu")
    assert to_nobody("--root", root, *words, errors=True) == (CLOSED, "")
    assert dict(survey(root)) == {VAE.key: VAE, AE.key: AE}


@pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="only Linux has a device that is always full"
)
def test_help_that_does_not_fit_on_the_disk_is_one_line():
    command = [sys.executable, "-m", "core", "--help"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=PROJECT,
            env=os.environ | {"PYTHONUNBUFFERED": ""},
            check=False,
        )
    said = f"latent-lab: the output could not be written ({os.strerror(errno.ENOSPC)})\n"
    assert (done.returncode, done.stderr) == (2, said)


WITHOUT = """
import sys
sys.modules.update(streamlit=None, plotly=None)
from core.__main__ import main

root, key, *tiny = sys.argv[1:]
for words in (["train", "digits", "noisy-ae", *tiny], ["list"], ["show", key], ["measure"]):
    assert main(["--root", root, *words]) == 0
"""


@pytest.mark.slow
def test_everything_runs_where_streamlit_and_plotly_are_not_installed(root: Path):
    done = python(WITHOUT, root, VAE.key, *TINY)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("digits-noisy-ae-0.05-z2-s0") == 2
    assert str(STUDIES[0].path(root)) in done.stdout


@pytest.mark.slow
def test_ctrl_c_while_training_leaves_nothing_broken(root: Path):
    # Where the tests run in the background, Ctrl-C is ignored from the start.
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n" + AS_MODULE
    words = ["train", "digits", "vae", "--epochs", "100000", "--hidden", "8", "--device", "cpu"]
    command = [sys.executable, "-c", code, "--root", str(root), *words]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=PROJECT
    ) as process:
        assert process.stderr is not None
        assert "images/s" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
    assert process.returncode == 130
    assert err.strip() == command_line.STOPPED
    assert dict(survey(root)) == {VAE.key: VAE, AE.key: AE}
    assert {path.name for path in root.iterdir()} - {UNFINISHED} == {VAE.key, AE.key}
