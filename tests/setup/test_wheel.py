"""Each add-on is a wheel that installs, and Odoo loads it from there."""

import ast
import functools
import os
import shutil
import subprocess
import sys

import pytest
from progbox_env import paths

OFFLINE = ["--no-deps", "--no-index"]
LOAD = """
import sys
import odoo
from odoo import modules, tools
tools.config.parse_config(["--addons-path", sys.argv[1]])
modules.initialize_sys_path()
modules.module.load_openerp_module(sys.argv[2])
manifest = modules.Manifest.for_addon(sys.argv[2])
print(manifest["version"], sys.modules["odoo.addons." + sys.argv[2]].__file__)
for name in manifest["data"]:
    assert tools.file_path(f"{sys.argv[2]}/{name}").startswith(sys.argv[1]), name
"""


def pip(*arguments):
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    answer = subprocess.run(command, capture_output=True, text=True)
    assert not answer.returncode, answer.stderr


def with_ours_below(addon):
    """The add-ons of ours that one stands on, itself the last."""
    manifest = ast.literal_eval((paths.ROOT / addon / "__manifest__.py").read_text())
    below = [name for name in manifest["depends"] if name in paths.addons()]
    found = [name for other in below for name in with_ours_below(other)]
    return [*dict.fromkeys(found), addon]


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """A function that returns the source and the wheel of an add-on, built once."""
    folder = tmp_path_factory.mktemp("wheels")
    ignored = shutil.ignore_patterns("__pycache__")

    @functools.cache
    def build(name):
        source = folder / name  # a copy: building writes beside the source
        shutil.copytree(paths.ROOT / name, source, ignore=ignored)
        pip("wheel", *OFFLINE, "--no-build-isolation", "-w", str(folder), str(source))
        [wheel] = folder.glob(f"odoo_addon_{name}-{paths.ODOO_VERSION}.*.whl")
        return source, wheel

    return build


@pytest.mark.parametrize("addon", paths.addons())
def test_a_wheel_is_built_installed_and_loaded(addon, build, tmp_path):
    site = tmp_path / "site"
    wheels = [str(build(name)[1]) for name in with_ours_below(addon)]
    pip("install", *OFFLINE, "--target", str(site), *wheels)
    source, wheel = build(addon)
    installed = site / "odoo/addons" / addon
    there = {path.relative_to(installed) for path in installed.rglob("*.*")}
    for path in source.rglob("*.*"):
        name = path.relative_to(source)
        if path.is_file() and name.suffix not in (".toml", ".pyc"):
            assert name in there, f"{name} is not in the wheel"

    answer = subprocess.run(
        [sys.executable, "-c", LOAD, str(site / "odoo/addons"), addon],
        capture_output=True,
        text=True,
        cwd="/",
        # the configuration names our own folder, which has the add-on, too
        env={key: value for key, value in os.environ.items() if key != "ODOO_RC"},
    )
    assert not answer.returncode, answer.stderr
    version, file = answer.stdout.split()
    assert version in wheel.name
    assert file.startswith(str(site))
