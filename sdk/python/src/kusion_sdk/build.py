"""Makes a component of the module in the working folder; ``kusion mod build`` runs this.

All imports of WASI are replaced by traps: a module has no clock and no randomness, and so it needs nothing of its host
but the log.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

APP = "app"
"""The Python module that assigns ``Generator``; it lies in the folder ``src``."""


def build(target: str) -> int:
    """Builds the folder ``src`` and writes the component; returns the tool's exit code."""
    folder = Path(__file__).parent
    program = Path(sysconfig.get_path("scripts")) / "componentize-py"
    command = [str(program), "--quiet", "--wit-path", str(folder / "wit"), "--world", "module", "componentize"]
    command += ["--stub-wasi", "--python-path", "src", "--python-path", str(folder.parent), APP, "--output", target]
    # The order in which sets of texts are walked would be another one in each build.
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    environment.pop("VIRTUAL_ENV", None)
    return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(build(sys.argv[1]))
