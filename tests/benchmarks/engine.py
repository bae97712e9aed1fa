"""Decoding in a browser: the kernel against the same loops in plain JavaScript, in turns.

A page measures itself and sends its figures home, so that any browser can be asked that opens a
page without a window. `--firefox` asks Firefox too.
"""

from __future__ import annotations

import argparse
import json
import queue
import shutil
import subprocess
import tempfile
import threading
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from core.config import RunConfig
from core.instruments import Entry, pack, script
from core.models import build
from core.recipes import recipe
from tests import chromium
from tests.benchmarks.measure import figure, machine, ratios, report

RUNS = {
    "digits": recipe("digits", "vae", 10),
    "MNIST": recipe("mnist", "vae", 10),
    "MNIST, gated": recipe("mnist-static", "vae", 10),
    "sprites, 32x32": recipe("sprites", "vae", 10),
    "sprites, 64x64": recipe("sprites", "vae", 10, size=64),
}
BATCHES = (1, 4, 36)
PLAIN = Path(__file__).with_name("plain_kernel.js")

PAGE = """<!doctype html><meta charset="utf-8"><script>
%(plain)s
%(script)s
const bytes = Uint8Array.from(atob("%(bundle)s"), letter => letter.charCodeAt(0));

function timed(run, codes, n, least) {
    const start = performance.now();
    let count = 0;
    do { run.decode(codes, n); count += 1; } while (performance.now() - start < least);
    return (performance.now() - start) / count;
}

async function measure() {
    const kernel = (await openBundle(bytes)).runs;
    WebAssembly.instantiate = async () => ({ instance: { exports: plainKernel() } });
    const plain = (await openBundle(bytes)).runs;
    const rows = [];
    let worst = 0;
    for (const [place, run] of kernel.entries()) {
        for (const n of %(batches)s) {
            const codes = Float32Array.from({ length: n * run.latents }, (_, i) => Math.sin(i));
            const other = plain[place].decode(codes, n);
            run.decode(codes, n).forEach((x, i) => {
                worst = Math.max(worst, Math.abs(x - other[i]));
            });
            const times = { kernel: [], plain: [] };
            timed(run, codes, n, 50);
            timed(plain[place], codes, n, 50);
            for (let round = 0; round < %(rounds)s; round++) {
                times.kernel.push(timed(run, codes, n, 30));
                times.plain.push(timed(plain[place], codes, n, 30));
            }
            rows.push({ place, n, ...times });
        }
    }
    return { rows, worst };
}

measure().catch(error => ({ error: String(error) }))
    .then(said => fetch("/", { method: "POST", body: JSON.stringify(said) }));
</script>"""


def page(rounds: int) -> str:
    """Return a page that measures every run in `RUNS`, with weights as a seed draws them."""
    entries = [Entry(config, _weights(config)) for config in RUNS.values()]
    return PAGE % {
        "plain": PLAIN.read_text(encoding="utf-8"),
        "script": script("engine"),
        "bundle": b64encode(pack(entries)).decode(),
        "batches": list(BATCHES),
        "rounds": rounds,
    }


def _weights(config: RunConfig) -> dict[str, Any]:
    return {name: weight.numpy() for name, weight in build(config).state_dict().items()}


def said_by(command: list[str], content: str, seconds: float = 300) -> dict[str, Any]:
    """Return what a page says when a browser has opened it.

    Args:
        command: that starts the browser; the page's address comes behind it.
        content: the page.
        seconds: to wait at most.

    Raises:
        RuntimeError: the page met an error.
    """
    answers: queue.Queue[dict[str, Any]] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(content.encode())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()
            answers.put(json.loads(body))

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/"
    silent = subprocess.DEVNULL
    browser = subprocess.Popen([*command, address], stdout=silent, stderr=silent)
    try:
        said = answers.get(timeout=seconds)
    finally:
        browser.terminate()
        browser.wait(timeout=60)
        server.shutdown()
    if "error" in said:
        raise RuntimeError(f"the page should measure itself, met {said['error']}")
    return said


def figures(browser: str, said: dict[str, Any]) -> list[dict]:
    """Return the figures of one browser."""
    names = list(RUNS)
    rows = []
    for row in said["rows"]:
        what = f"{browser}: {names[row['place']]}, {row['n']} at once"
        gain = ratios(row["plain"], row["kernel"])
        rows.append(figure(f"{what}, kernel", row["kernel"], "ms"))
        rows.append(figure(f"{what}, plain JavaScript", row["plain"], "ms"))
        rows.append(figure(f"{what}, plain / kernel", gain, "times", "above 1"))
    rows.append(figure(f"{browser}: largest difference", [1e6 * said["worst"]], "millionths"))
    return rows


def main() -> None:
    """Measure in Chromium, and in Firefox where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round, to see that it runs")
    parser.add_argument("--firefox", action="store_true", help="ask Firefox too")
    options = parser.parse_args()
    content, rows = page(1 if options.quick else 7), []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = chromium.find()
        if path is None:
            raise SystemExit(chromium.HOW_TO_INSTALL)
        profile = f"--user-data-dir={folder}/chromium"
        command = [path, "--headless=new", *chromium.FLAGS, profile]
        rows += figures("Chromium", said_by(command, content))
        if options.firefox:
            path = shutil.which("firefox") or shutil.which("firefox-esr")
            if path is None:
                raise SystemExit("`--firefox` needs Firefox: `apt-get install firefox-esr`")
            profile = Path(folder) / "firefox"
            profile.mkdir()
            command = [path, "--headless", "--no-remote", "--profile", str(profile)]
            rows += figures("Firefox", said_by(command, content))
    report("engine", rows, machine=machine())


if __name__ == "__main__":
    main()
