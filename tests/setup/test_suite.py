"""How the test files are dealt out to processes, and what the last line says."""

import itertools
import re
import subprocess

import pytest
from progbox_env import paths, suite
from test_setup import load

command = load("test")
NAMES = [
    "tests/journeys/test_a.py",
    "tests/journeys/test_b.py",
    *(f"addon/tests/test_{number}.py" for number in range(20)),
]
KNOWN = {name: 5 + number for number, name in enumerate(NAMES)}


def test_every_file_is_in_one_group():
    groups = suite.split(suite.files(), 2, suite.known_durations())
    assert sorted(itertools.chain(*groups)) == suite.files()
    assert len(suite.files()) > 80
    assert "tests/setup/test_suite.py" in suite.files()


@pytest.mark.parametrize("addon", paths.addons())
def test_odoo_runs_every_file_too(addon):
    folder = paths.ROOT / addon / "tests"
    imported = re.findall(
        r"^from \. import (test_\w+)$",
        (folder / "__init__.py").read_text(),
        re.MULTILINE,
    )
    assert sorted(imported) == sorted(path.stem for path in folder.glob("test_*.py"))


def test_the_groups_take_the_same_time():
    one, two = suite.split(NAMES, 2, KNOWN)
    seconds = [sum(map(KNOWN.get, group)) for group in (one, two)]
    assert max(seconds) - min(seconds) <= KNOWN[NAMES[2]]


def test_what_shares_a_server_stays_together():
    for group in suite.split(NAMES, 2, KNOWN):
        assert sum(name.startswith("tests/journeys") for name in group) in (0, 2)
    order = suite.shuffled(NAMES, 3)
    places = [n for n, name in enumerate(order) if name.startswith("tests/journeys")]
    assert places[1] - places[0] == 1


def test_a_seed_gives_one_order():
    assert suite.shuffled(NAMES, 1) == suite.shuffled(NAMES[::-1], 1)
    assert suite.shuffled(NAMES, 1) != suite.shuffled(NAMES, 2)
    assert sorted(suite.shuffled(NAMES, 1)) == sorted(NAMES)


@pytest.mark.parametrize(
    ("arguments", "files", "options"),
    [
        ([], "", []),
        (["-x", "--tb=short"], "", ["-x", "--tb=short"]),
        (["progbox_invoice_archive"], "progbox_invoice_archive/", []),
        (["-x", "./progbox/tests/"], "progbox/", ["-x"]),
    ],
)
def test_a_large_folder_runs_side_by_side(arguments, files, options):
    expected = [name for name in suite.files() if name.startswith(files)]
    assert len(expected) > command.GROUPS
    assert command.dealt_out(arguments) == (expected, options)


def test_folders_together_run_each_file_once():
    folders = ["progbox", "progbox/tests/test_tab.py", "tests/setup"]
    files, _options = command.dealt_out(folders)
    assert files == suite.files(folders)
    assert len(set(files)) == len(files)
    assert {name.split("/test_")[0] for name in files} == {
        "progbox/tests",
        "tests/setup",
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ["-k", "sealed"],
        ["progbox_invoice_archive", "-k", "sealed"],
        ["tests/setup"],
        ["tests/setup/test_suite.py::test_a_seed_gives_one_order"],
        ["progbox", "tests/setup/test_suite.py::test_a_seed_gives_one_order"],
    ],
)
def test_few_files_and_chosen_tests_run_in_one_process(arguments):
    assert command.dealt_out(arguments) == ([], arguments)


def test_our_options_are_not_pytests():
    options, rest = command.parse(["--seed", "7", "-x", "--clean", "--durations=3"])
    assert (options.seed, options.clean, options.core) == (7, True, False)
    assert rest == ["-x", "--durations=3"]


def side_by_side(monkeypatch, capsys, *outputs):
    """What two programs that print these words and end so come to."""

    def pytest(group, _arguments, **options):
        words, status = outputs[group]
        script = f"printf '%b' '{words}'; exit {status}"
        return subprocess.Popen(["sh", "-c", script], start_new_session=True, **options)

    monkeypatch.setattr(suite, "pytest", pytest)
    status = suite.run_side_by_side([["a"], ["b"]], [])
    return status, capsys.readouterr().out.splitlines()


def test_the_last_line_is_the_sum(monkeypatch, capsys):
    status, lines = side_by_side(
        monkeypatch,
        capsys,
        ("a.py .. [100%]\\n= 2 passed in 1s =\\n2 passed, 0 failed\\n", 0),
        ("b.py F. [100%]\\n= FAILURES =\\nboom\\n1 passed, 1 failed, 3 skipped\\n", 1),
    )
    assert status == 1
    assert lines[-1] == "3 passed, 1 failed, 3 skipped"
    assert "boom" in lines and "a.py .. [100%]" in lines
    assert lines.index("boom") == lines.index("= FAILURES =") + 1


def test_a_quiet_group_counts_too(monkeypatch, capsys):
    quiet = (".. [100%]\\n2 passed in 1s\\n2 passed, 0 failed\\n", 0)
    status, lines = side_by_side(monkeypatch, capsys, quiet, quiet)
    assert (status, lines[-1]) == (0, "4 passed, 0 failed")


def test_all_passed_is_zero(monkeypatch, capsys):
    good = ("a.py . [100%]\\n= 1 passed in 1s =\\n1 passed, 0 failed\\n", 0)
    status, lines = side_by_side(monkeypatch, capsys, good, good)
    assert (status, lines[-1]) == (0, "2 passed, 0 failed")


@pytest.mark.parametrize("status_of_the_dead", [0, 139])
def test_a_group_that_dies_is_a_failure(monkeypatch, capsys, status_of_the_dead):
    good = ("a.py . [100%]\\n= 1 passed in 1s =\\n1 passed, 0 failed\\n", 0)
    dead = ("b.py .", status_of_the_dead)
    status, lines = side_by_side(monkeypatch, capsys, good, dead)
    assert status
    assert lines[-1] == "1 passed, 1 failed"
