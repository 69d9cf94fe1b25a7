"""Commands of the book: build, serve, figures, release, new-figure."""

from __future__ import annotations

import argparse
import functools
import http.server
import importlib
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

# What draws and renders is imported where it is used: a build that has nothing to do stays fast.
ROOT = Path(__file__).resolve().parents[2]
#: Lines of a build that say why it failed, but for the one that says only that it did.
_CAUSE = re.compile(r"WARNING: |^(?!RuntimeError)[\w.]*(?:Error|Exception)\b.*: ")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
HTML = ROOT / "_build" / "html"


def registry() -> Any:
    """The book's registry of figures."""
    return importlib.import_module("analysis.figures").REGISTRY


def build() -> int:
    """Build the book; any warning, dangling reference or failing cell fails the build."""
    command = [str(Path(sys.executable).with_name("jupyter-book")), "build", str(ROOT)]
    started = time.monotonic()
    print("building the book (cells run only when code, data or the chapter changed)", flush=True)
    causes: list[str] = []
    with subprocess.Popen(
        [*command, "-n", "-W", "--keep-going"],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as run:
        for line in run.stdout or ():
            print(line, end="", flush=True)
            causes += [_COLOUR.sub("", line).strip()] if _CAUSE.search(line) else []
    if run.returncode == 0:
        print(f"book: {HTML / 'index.html'} ({time.monotonic() - started:.0f} s)")
    else:
        print("the book was not built:", file=sys.stderr)
        for cause in list(dict.fromkeys(causes))[:10]:
            print(f"  {cause}", file=sys.stderr)
    return run.returncode


def serve(port: int) -> int:
    """Build, serve on loopback, and build again whenever a source changes."""
    from watchfiles import watch

    build()
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(HTML))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"serving http://127.0.0.1:{server.server_port}/ (stop with Ctrl+C)", flush=True)
    watched = [ROOT / name for name in ("analysis", "chapters", "data", "_toc.yml", "_config.yml")]
    for changes in watch(*watched, raise_interrupt=False):
        names = sorted({os.path.relpath(path, ROOT) for _, path in changes})
        print(f"changed: {', '.join(names[:5])}", flush=True)
        build()
    return 0


def figures(folder: Path) -> int:
    """Export every figure with its files."""
    from analysis.publishing import export

    written = export.export_all(registry(), folder, progress=True)
    print(f"{len(written)} files in {folder}")
    return 0


def release() -> int:
    """Keep this edition's figures, and renew the README's findings from them."""
    from analysis.publishing import export, history, readme

    figures_ = registry()
    print(f"kept: {history.release(figures_).relative_to(ROOT)}")
    published = [export.Publication.of(figures_, figure_id) for figure_id in figures_]
    readme.write(published, export.Publication.of(figures_, figures_.picture))
    print("renewed: README.md")
    return 0


def new_figure(topic: str, figure_id: str) -> int:
    """Print the start of a figure."""
    from analysis.publishing.record import FIGURE_ID
    from analysis.publishing.template import figure_template

    known = registry()
    if topic not in known.topics:
        print(f"no topic {topic!r}; accepted: {', '.join(known.topics)}", file=sys.stderr)
        return 1
    if not FIGURE_ID.fullmatch(figure_id):
        print(
            f"id {figure_id!r} is not accepted: use kebab case, like 'a-finding'", file=sys.stderr
        )
        return 1
    if figure_id in known:
        print(f"figure {figure_id!r} exists; ids are never reused", file=sys.stderr)
        return 1
    print(figure_template(topic, figure_id))
    return 0


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m analysis.publishing", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="build the book")
    serving = commands.add_parser("serve", help="build, serve on loopback, rebuild on change")
    serving.add_argument("--port", type=int, default=8000)
    exporting = commands.add_parser("figures", help="export every figure with its files")
    exporting.add_argument("folder", type=Path, nargs="?", default=ROOT / "_build" / "figures")
    commands.add_parser("release", help="keep this edition's figures in editions/")
    starting = commands.add_parser("new-figure", help="print the start of a figure")
    starting.add_argument("topic")
    starting.add_argument("id")
    chosen = parser.parse_args(arguments)
    if chosen.command == "build":
        return build()
    if chosen.command == "serve":
        return serve(chosen.port)
    if chosen.command == "figures":
        return figures(chosen.folder)
    if chosen.command == "release":
        return release()
    return new_figure(chosen.topic, chosen.id)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
