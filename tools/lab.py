"""Serve the notebooks with JupyterLab, to this computer only, until Ctrl-C. `make lab` calls it."""

import argparse
import os
import secrets
import signal
import sys
import webbrowser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
START = "notebooks/00_start_here.ipynb"
PORTS = range(1024, 65536)
"""Ports that may be asked for: those below are the system's, and there are none above."""


def can_open_browser() -> bool:
    """Whether a browser window opened by this process would show up before the person who started it."""
    if os.environ.get("CI"):
        return False
    if not os.environ.get("BROWSER"):
        if sys.platform in ("darwin", "win32"):
            if os.environ.get("SSH_CONNECTION"):
                return False
        elif not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def options(port: int, token: str, open_browser: bool) -> list[str]:
    """JupyterLab's command line: loopback, a token, the first notebook; no questions, no calls home."""
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return [
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        f"--ServerApp.port_retries={min(50, (PORTS[-1] - port) // 2)}",  # Jupyter goes up by twice as many
        f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={ROOT}",
        f"--ServerApp.open_browser={open_browser}",
        f"--ServerApp.allow_root={is_root}",
        "--ServerApp.log_level=ERROR",
        "--LabApp.log_level=ERROR",
        "--KernelManager.transport_encryption=auto",  # or each kernel warns of eavesdroppers
        f"--LabApp.default_url=/lab/tree/{START}",
        f"--LabApp.app_settings_dir={ROOT / 'tools' / 'lab_settings'}",  # the user's settings win
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.news_url=None",
        "--LabApp.extension_manager=readonly",
    ]


def announce(asked: int, port: int, token: str, opening: bool) -> None:
    address = f"http://127.0.0.1:{port}/lab/tree/{START}?token={token}"
    print()
    if port != asked:
        print(f"Port {asked} is taken, so this is port {port}.")
    print(
        "JupyterLab is opening in your browser. Its address:"
        if opening
        else "Open this address in a browser:"
    )
    print(f"\n    {address}\n")
    if os.environ.get("SSH_CONNECTION"):
        print(f"From another computer, first: ssh -L {port}:127.0.0.1:{port} THIS_COMPUTER\n")
    print("Ctrl-C stops JupyterLab and its kernels.", flush=True)


def port(text: str) -> int:
    """A port that JupyterLab can listen on."""
    if not text.isdecimal() or int(text) not in PORTS:
        raise argparse.ArgumentTypeError(
            f"expected a whole number from {PORTS[0]} to {PORTS[-1]}, found {text!r}"
        )
    return int(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=port, default=8888, help="the first port to try (default: 8888)")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    arguments = parser.parse_args()

    # The kernels and the arrangement of tabs are this environment's, not those of the user's other projects.
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    os.environ.setdefault(
        "JUPYTERLAB_WORKSPACES_DIR", str(Path(sys.prefix) / "var" / "jupyterlab-workspaces")
    )
    from jupyterlab.labapp import LabApp
    from lab_files import Notebooks

    token = os.environ.get("JUPYTER_TOKEN") or secrets.token_hex(24)
    opening = can_open_browser() and not arguments.no_browser
    argv = options(arguments.port, token, opening)
    server = LabApp.initialize_server(argv=argv, contents_manager_class=Notebooks)

    def stop(*_: object) -> None:
        print("\nStopping JupyterLab ...", flush=True)
        server.stop(from_signal=True)

    # Set last: Jupyter's own handlers ask for a confirmation.
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)
    server.io_loop.add_callback(announce, arguments.port, server.port, token, opening)
    server.start()


if __name__ == "__main__":
    main()
