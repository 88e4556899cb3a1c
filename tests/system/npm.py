"""Packages of npm, of the versions that a folder's package-lock.json names."""

import shutil
import subprocess

import pytest
from pipeline import ROOT


def installed(folder):
    """The path beside whose node_modules they are, installed once for all; where they can't be had, the test is skipped."""
    if not shutil.which("node"):
        pytest.skip("node is not installed")
    ended = subprocess.run([ROOT / "scripts/npm", folder], capture_output=True, text=True)
    if ended.returncode != 0:
        pytest.skip(ended.stderr.strip())
    return ROOT / "build/npm" / folder
