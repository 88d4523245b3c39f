"""The bootstrap's decisions, tested without installing anything."""

import importlib.machinery
import importlib.util
import re
import socket

import pytest
from progbox_env import (
    Stop,
    console,
    debian,
    paths,
    private_apt,
    python_packages,
    server,
)

DEB822 = """\
# comment
Types: deb
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
"""
SID = """\
Types: deb
URIs: http://mirror.example/debian
Suites: sid
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""


def load(name):
    path = str(paths.SETUP / name)
    loader = importlib.machinery.SourceFileLoader(f"setup_{name}", path)
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader(loader.name, loader)
    )
    loader.exec_module(module)
    return module


run, lint = load("run"), load("lint")


class TestSources:
    def test_the_machines_mirror_and_key_are_kept(self):
        assert private_apt.source_of("sid", DEB822, "") == SID

    def test_one_line_format_with_options(self):
        line = (
            "deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
            " http://mirror.example/debian bookworm main contrib # comment"
        )
        assert private_apt.source_of("sid", "", line) == SID

    def test_an_embedded_key_is_kept_whole(self):
        key = "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF\n"
        stanza = DEB822.split("\n\n")[0].split("Signed-By:")[0] + f"Signed-By:{key}"
        assert " .\n mQINBF\n" in private_apt.source_of("sid", stanza, "")

    @pytest.mark.parametrize(
        "line",
        [
            "deb http://vendor.example/linux/debian bookworm stable",
            "deb http://vendor.example/apt bookworm main",
            "deb http://mirror.example/debian-security bookworm-security main",
            "deb-src http://mirror.example/debian bookworm main",
            "# deb http://mirror.example/debian bookworm main",
        ],
    )
    def test_other_archives_are_not_taken_for_debians(self, line):
        with pytest.raises(Stop, match="no Debian source"):
            private_apt.source_of("sid", "", line)

    def test_a_disabled_source_is_not_used(self):
        with pytest.raises(Stop, match="no Debian source"):
            private_apt.source_of(
                "sid", "Enabled: no\n" + DEB822.split("\n\n")[0][10:], ""
            )


class TestRunOptions:
    def test_defaults(self):
        options = run.parse([])
        assert (options.port, options.database) == (8069, "progbox")
        assert not options.language and not options.fresh and not options.odoo

    @pytest.mark.parametrize(
        "name", ["a b", "../x", "Übung", "progbox_base", 'x"y', ""]
    )
    def test_a_bad_or_reserved_database_name_is_refused(self, name, capsys):
        with pytest.raises(SystemExit):
            run.parse(["--database", name])
        assert "database name" in (error := capsys.readouterr().err) or "kept" in error

    def test_an_unknown_language_is_refused(self):
        with pytest.raises(SystemExit):
            run.parse(["--language", "de"])

    def test_a_busy_port_names_the_option(self):
        with socket.socket() as busy:
            busy.bind(("127.0.0.1", 0))
            busy.listen()
            with pytest.raises(Stop, match="is in use: choose another, --port"):
                run.check_port(busy.getsockname()[1])

    @pytest.mark.parametrize("port", [0, -1, 65536])
    def test_an_impossible_port_is_refused(self, port):
        with pytest.raises(Stop, match="1 to 65535"):
            run.check_port(port)


class TestTroubles:
    @pytest.mark.parametrize(
        ("words", "meaning"),
        [
            ("E: Write error - write (28: No space left on device)", "disk is full"),
            ("Err:1 Temporary failure resolving 'mirror.example'", "network"),
            ("E: Could not get lock /var/lib/dpkg/lock-frontend", "another program"),
            ("sh: cannot create /dev/null: Permission denied", "chmod 666 /dev/null"),
            ("$ initdb\nnever seen\n\nbefore\n", "never seen | before"),
            ("$ initdb\n", "it said nothing"),
        ],
    )
    def test_last_words_are_explained(self, words, meaning):
        assert meaning in console.explain(words)

    def test_a_failing_program_names_its_log(self):
        with pytest.raises(Stop, match=r"false failed \(1\): .*setup-test\.log"):
            console.run(["false"], "setup-test")

    def test_a_nearly_full_disk_stops_before_the_download(self, monkeypatch):
        usage = type("Usage", (), {"free": 1 << 30})
        monkeypatch.setattr(console.shutil, "disk_usage", lambda _path: usage)
        with pytest.raises(Stop, match="needs 3 GB free"):
            console.check_disk()

    def test_a_linked_environment_is_used_and_not_emptied(self, monkeypatch, tmp_path):
        commands, requirements = [], tmp_path / "requirements.txt"
        monkeypatch.setattr(
            python_packages, "run", lambda *words: commands.append(words)
        )
        requirements.touch()
        (tmp_path / "there").mkdir()
        (tmp_path / "link").symlink_to(tmp_path / "there")
        for name in ("there", "link"):
            python_packages.ensure_venv(tmp_path / name, requirements, name)
        assert len(commands) == 2, "It was installed once."

    def test_without_root_the_missing_packages_are_named(self, monkeypatch):
        monkeypatch.setattr(debian, "missing", lambda _packages: ["wkhtmltopdf"])
        monkeypatch.setattr(debian.os, "geteuid", lambda: 1000)
        with pytest.raises(Stop, match="as root, run: apt-get install .* wkhtmltopdf"):
            debian.ensure_packages()

    def test_a_package_that_debian_has_not_does_not_stop_the_others(self, monkeypatch):
        policy = (
            "zip:\n  Installed: (none)\n  Candidate: 3.0-15\n  Version table:\n"
            "wkhtmltopdf:\n  Installed: (none)\n  Candidate: (none)\n"
        )
        commands, fetched = [], []

        def run(command, _log, **_options):
            commands.append(command)
            return policy

        names = ["zip", "wkhtmltopdf", "never-heard-of"]
        monkeypatch.setattr(debian, "missing", lambda _packages: names)
        monkeypatch.setattr(debian.os, "geteuid", lambda: 0)
        monkeypatch.setattr(debian, "run", run)
        monkeypatch.setattr(debian.wkhtmltopdf, "fetch", lambda: fetched.append(1))
        with pytest.raises(Stop, match="has no never-heard-of:"):
            debian.ensure_packages()
        assert commands[-1][:2] == ["apt-get", "install"]
        assert commands[-1][-1:] == ["zip"], "The others are installed all the same."
        assert fetched == [1]


def test_a_free_port_is_free():
    assert server.port_is_free(server.free_port())


class TestLint:
    def test_git_runs_what_lint_checks(self):
        """Each hook of .pre-commit-config.yaml is a check, and each check a hook."""
        hooks = (paths.ROOT / ".pre-commit-config.yaml").read_text()
        ids = re.findall(r"- id: (\S+)$", hooks, re.M)
        entries = re.findall(r"entry: setup/lint (?:--fix )?(\S+)$", hooks, re.M)
        assert sorted(ids) == sorted(lint.CHECKS)
        assert ids == entries

    def test_a_long_file_has_its_reason_and_a_reason_its_long_file(self):
        lines = {"long.py": 601, "why.py": 700, "short.py": 600}
        reasons = "# comment\n\nwhy.py  the engine\nshort.py  long\ngone.py  long"
        warnings = lint.long_file_warnings(lines, reasons)
        words = [warning.split()[:2] for warning in warnings]
        assert words == [
            ["long.py", "has"],
            ["setup/long_files.txt:", "gone.py"],
            ["setup/long_files.txt:", "short.py"],
        ]

    @pytest.mark.parametrize(
        ("title", "is_good"),
        [
            ("[FIX] setup: make a stale template anew", True),
            (f"[ADD] a: {'x' * 47}", True),
            (f"[ADD] a: {'x' * 48}", False),
            ("[WIP] setup: half of it", False),
            ("[IMP] what it does", False),
            ("wip", False),
        ],
    )
    def test_a_title_says_what_where_and_briefly(self, title, is_good):
        assert (lint.wrong_titles([title]) == []) is is_good
