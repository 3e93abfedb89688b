"""A private JupyterLab, driven in Debian's Chromium: what a reader sees, presses and waits for.

    with Lab(folder) as lab, browser() as page:
        notebook = Notebook(page, lab, "03_title.ipynb")
        notebook.run_all()
        assert notebook.errors() == []
        print(notebook.latency(moves=25))

Without a browser on the PATH, `browser` skips the test that asks for it.
"""

import base64
import contextlib
import io
import json
import os
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest
from PIL import Image

TOOLS = Path(__file__).resolve().parents[1] / "tools"
SETTINGS = {  # quiet, and with every cell in the page at all times
    "apputils-extension/notification": {
        "checkForUpdates": False,
        "fetchNews": "false",
        "doNotDisturbMode": True,
    },
    "notebook-extension/tracker": {"windowingMode": "none", "kernelShutdown": True},
    "docmanager-extension/plugin": {"autosave": False},
}
LAB_OPTIONS = [
    "--no-browser",
    "--allow-root",
    "--expose-app-in-browser",
    "--ServerApp.ip=127.0.0.1",
    "--ServerApp.port_retries=0",
    "--LabApp.news_url=None",
    "--LabApp.extension_manager=readonly",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--ServerApp.contents_manager_class=lab_files.Notebooks",  # as in tools/lab.py
]
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
]
SHOWN = ".jp-NotebookPanel:not(.lm-mod-hidden)"

# "Idle" in the page comes before the session is ready, and "Run All" would then run nothing: ask the session.
READY = """async () => {
  const context = window.jupyterapp?.shell.currentWidget?.sessionContext;
  if (!context) return false;
  await context.ready;
  const kernel = context.session?.kernel;
  if (!kernel) return false;
  await kernel.info;
  return kernel.connectionStatus === 'connected' && kernel.status === 'idle';
}"""

# An exception in a plain `observe` callback shows nowhere in the notebook: listen to the kernel itself.
LISTEN = """() => {
  window.kernelErrors = [];
  jupyterapp.shell.currentWidget.sessionContext.iopubMessage.connect((_, {header, content}) => {
    if (header.msg_type === 'error') kernelErrors.push(`${content.ename}: ${content.evalue}`);
    const stderr = content.name === 'stderr' ? content.text : '';
    // JupyterLab asks a fresh kernel for its widgets before it can have any: "No such comm target registered".
    if (stderr && !stderr.startsWith('No such comm')) kernelErrors.push('stderr: ' + stderr);
  });
}"""

# Asked of the notebook's model, not of the page: every cell has run, or one has failed and the rest never will.
DONE = """() => {
  const panel = jupyterapp.shell.currentWidget;
  if (panel.sessionContext.session?.kernel?.status !== 'idle') return false;
  const cells = panel.content.widgets.map(w => w.model)
    .filter(m => m.type === 'code' && m.sharedModel.getSource().trim());
  if (cells.some(m => m.executionState !== 'idle')) return false;
  return cells.every(m => m.executionCount !== null)
    || cells.some(m => m.outputs.toJSON().some(o => o.output_type === 'error'));
}"""

# Frame by frame: when a key went down, when the picture next changed, how high the output is.
PROBE = """(shown) => {
  const probe = window.probe = {delays: [], changes: [], heights: [], key: null, last: null};
  const picture = document.querySelector(shown + ' img.widget-image');
  const output = picture.closest('.jp-Cell-outputWrapper');
  addEventListener('keydown', () => { probe.last = performance.now(); probe.key ??= probe.last; }, true);
  let source = picture.src;
  const frame = () => {
    if (window.probe !== probe) return;
    const now = performance.now(), height = Math.round(output.getBoundingClientRect().height);
    if (probe.heights.at(-1) !== height) probe.heights.push(height);
    if (picture.complete && picture.naturalWidth && picture.src !== source) {
      source = picture.src;
      probe.changes.push(now);
      if (probe.key !== null) probe.delays.push(now - probe.key);
      probe.key = null;
    }
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}"""


class Lab:
    """A JupyterLab on loopback with settings of its own, over the notebooks in `root`."""

    def __init__(self, root: Path, python: str = sys.executable):
        self.root, self.python = Path(root), python

    def __enter__(self) -> Self:
        self.home = Path(tempfile.mkdtemp(prefix="lab-"))
        for name, values in SETTINGS.items():
            file = self.home / f"settings/@jupyterlab/{name}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(values))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.token, self.url = secrets.token_hex(16), f"http://127.0.0.1:{port}"
        own = [
            f"--ServerApp.port={port}",
            f"--ServerApp.root_dir={self.root}",
            f"--IdentityProvider.token={self.token}",
        ]
        self.log = self.home / "lab.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [self.python, "-m", "jupyterlab", *LAB_OPTIONS, *own],
                env=self._environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait()
        return self

    def __exit__(self, *_) -> None:
        with contextlib.suppress(OSError):
            self._ask("shutdown", method="POST")  # ends the kernels too
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)

    def _environment(self) -> dict[str, str]:
        folders = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_RUNTIME_DIR": "run",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "IPYTHONDIR": "ipython",
        }
        path = f"{Path(self.python).parent}{os.pathsep}{os.environ['PATH']}"
        tools = os.pathsep.join(filter(None, [str(TOOLS), os.environ.get("PYTHONPATH")]))
        return (
            os.environ
            | {"PATH": path, "PYTHONPATH": tools}
            | {key: str(self.home / name) for key, name in folders.items()}
        )

    def _ask(self, what: str, **options) -> None:
        request = urllib.request.Request(f"{self.url}/api/{what}?token={self.token}", **options)
        urllib.request.urlopen(request, timeout=5).close()

    def _wait(self, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                return self._ask("status")
            time.sleep(0.1)
        log = self.log.read_text()
        self.__exit__()
        raise RuntimeError(f"JupyterLab did not start:\n{log}")


@contextlib.contextmanager
def browser(width: int = 1200, height: int = 1000, density: float = 1) -> Iterator:
    """Yields a page of a headless Chromium; `density` is the screen's pixels per CSS pixel."""
    names = ["chromium", "chromium-browser", "google-chrome"]
    executable = next(filter(None, map(shutil.which, names)), None)
    if executable is None:
        pytest.skip(f"no browser: none of {', '.join(names)} is on the PATH", allow_module_level=True)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_OPTIONS)
        viewport = {"width": width, "height": height}
        yield chromium.new_context(viewport=viewport, device_scale_factor=density).new_page()
        chromium.close()


class Notebook:
    """A notebook opened in the page, with a live kernel."""

    def __init__(self, page, lab: Lab, path: str, timeout: float = 60_000):
        self.page, self.console = page, []
        page.on("console", lambda m: self.console.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.console.append(str(error)))
        page.goto(f"{lab.url}/lab/tree/{path}?token={lab.token}&reset", timeout=timeout)
        page.locator(f"{SHOWN} .jp-Notebook").wait_for(timeout=timeout)
        page.wait_for_function(READY, timeout=timeout, polling=100)
        page.evaluate(LISTEN)

    def run_all(self, timeout: float = 120_000) -> None:
        """Runs every cell, as from the menu, and waits until the last has ended or one has failed."""
        self.page.evaluate("() => { jupyterapp.commands.execute('notebook:run-all-cells'); }")
        self.page.wait_for_function(DONE, timeout=timeout, polling=50)

    def cells(self) -> list[dict]:
        """Returns the notebook's cells as they would be saved."""
        return self.page.evaluate("() => jupyterapp.shell.currentWidget.context.model.toJSON()")["cells"]

    def changed(self) -> bool:
        """Whether JupyterLab takes the notebook for one with changes to save."""
        return self.page.evaluate("() => jupyterapp.shell.currentWidget.context.model.dirty")

    def errors(self) -> list[str]:
        """Returns all that went wrong so far, in cells, Output widgets, callbacks, the page and its scripts."""
        found = [f"kernel: {text}" for text in self.page.evaluate("() => kernelErrors")]
        for number, cell in enumerate(self.cells()):
            for output in cell.get("outputs", []):
                if output["output_type"] == "error":
                    found.append(f"cell {number}: {output['ename']}: {output['evalue']}")
        shown = self.page.locator(f"{SHOWN} [data-mime-type='application/vnd.jupyter.stderr']")
        found += [f"shown: {text[-300:]}" for text in shown.all_inner_texts()]
        if self.page.get_by_text("Click to show javascript error").count():
            found.append("a widget could not be shown")
        return found + [f"console: {text}" for text in self.console]

    def slider(self, number: int = 0):
        """Returns one of the notebook's sliders, in view and focused."""
        slider = self.page.locator(f"{SHOWN} [role=slider]").nth(number)
        slider.scroll_into_view_if_needed()
        slider.focus()
        return slider

    def latency(self, moves: int = 25, slider: int = 0, pause: float = 120) -> dict:
        """Moves a slider to and fro by its keys and returns the milliseconds until the picture changed."""
        self.slider(slider)
        self.page.wait_for_timeout(1000)
        self.page.evaluate(PROBE, SHOWN)
        for done in range(moves):
            self.page.keyboard.press("ArrowLeft" if done % 2 else "ArrowRight")
            self.page.wait_for_function("n => probe.delays.length > n", arg=done, timeout=15_000, polling=20)
            self.page.wait_for_timeout(pause)
        probe = self.page.evaluate("() => probe")
        delays = sorted(probe["delays"])
        return {
            "median": statistics.median(delays),
            "p95": statistics.quantiles(delays, n=20, method="inclusive")[-1],
            "most": delays[-1],
            "heights": probe["heights"],
            "pictures": len(probe["changes"]),
        }

    def burst(self, presses: int = 20, slider: int = 0, gap: float = 30) -> dict:
        """Presses a key every `gap` milliseconds, faster than pictures come, and films what is shown.

        Returns:
            How many pictures came, the milliseconds from the last press to the last of them, the page's heights,
            the frames filmed and how many of them showed no picture, and the slider's value.
        """
        handle = self.slider(slider)
        self.page.wait_for_timeout(1000)
        self.page.evaluate(PROBE, SHOWN)
        with self._film() as frames:
            for _ in range(presses):
                self.page.keyboard.press("ArrowLeft")
                self.page.wait_for_timeout(gap)
            self.page.wait_for_timeout(2000)
        probe = self.page.evaluate("() => probe")
        return {
            "pictures": len(probe["changes"]),
            "settled": probe["changes"][-1] - probe["last"],
            "heights": probe["heights"],
            "frames": len(frames),
            "blank": sum(self._is_blank(frame) for frame in frames),
            "value": handle.get_attribute("aria-valuetext"),
        }

    @contextlib.contextmanager
    def _film(self) -> Iterator[list[bytes]]:
        """Collects what the browser really puts on the screen: an image may be loading and yet be shown."""
        frames, session = [], self.page.context.new_cdp_session(self.page)

        def keep(event: dict) -> None:
            frames.append(base64.b64decode(event["data"]))
            session.send("Page.screencastFrameAck", {"sessionId": event["sessionId"]})

        session.on("Page.screencastFrame", keep)
        session.send("Page.startScreencast", {"format": "png"})
        yield frames
        session.send("Page.stopScreencast")

    def _is_blank(self, frame: bytes) -> bool:
        """Whether less than a hundredth of the picture's place in a filmed frame has any ink."""
        place = self.page.locator(f"{SHOWN} img.widget-image").first.bounding_box()
        film = Image.open(io.BytesIO(frame)).convert("L")
        zoom = film.width / self.page.viewport_size["width"]
        corners = place["x"], place["y"], place["x"] + place["width"], place["y"] + place["height"]
        shown = film.crop([round(zoom * corner) for corner in corners])
        return sum(shown.histogram()[:240]) < 0.01 * shown.width * shown.height
