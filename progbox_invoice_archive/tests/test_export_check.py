import re
import subprocess
from pathlib import Path

from odoo.tests import tagged

from .test_export import LINES_INTACT, ExportCommon

MODULE = Path(__file__).parent.parent

# Nothing of ours: what a stranger writes after reading readme/HASH_FORMAT.md.
STRANGER = r"""
import hashlib, json
before = ""
with open("ledger.jsonl", encoding="utf-8") as ledger:
    for n, row in enumerate(ledger, start=1):
        row = json.loads(row)
        sha = hashlib.sha256()
        sha.update(before.encode("utf-8"))
        sha.update(row["payload"].encode("utf-8"))
        if row["sequence"] != n or row["previous_hash"] != before:
            raise SystemExit("line %d is missing" % n)
        if row["hash"] != "$1$" + sha.hexdigest():
            raise SystemExit("line %d was changed" % n)
        before = row["hash"]
        sealed = json.loads(row["payload"])
        if sealed["kind"] == "deposit":
            path = sealed["folder"] + "/" + sealed["name"]
            with open(path, "rb") as file:
                if hashlib.sha256(file.read()).hexdigest() != sealed["sha256"]:
                    raise SystemExit(path + " was changed")
print(n, "lines")
"""


@tagged("post_install", "-at_install")
class TestExportCheck(ExportCommon):
    """The check of an export, with the tools of the system alone."""

    def setUp(self):
        super().setUp()
        self.folder = self.unzipped(self.export(scope="all"))
        self.ledger = self.folder / "ledger.jsonl"

    def check_ledger(self):
        """Run what CHECK.txt says, copied from it."""
        text = (self.folder / "CHECK.txt").read_text()
        script = re.search(r"^python3 - <<'END'\n.*?^END$", text, re.M | re.S)[0]
        return self.run_tool("bash", "-c", script, cwd=self.folder)

    def test_the_three_commands_of_the_page_succeed(self):
        text = (self.folder / "CHECK.txt").read_text()
        self.assertIn("unzip", text)
        self.assertIn("sha256sum -c MANIFEST.sha256", text)
        result = self.run_tool("sha256sum", "-c", "MANIFEST.sha256", cwd=self.folder)
        self.assertNotIn("FAILED", result)
        self.assertIn(f"3 {LINES_INTACT}", self.check_ledger())

    def test_a_stranger_recomputes_the_chain(self):
        output = self.run_tool("python3", "-I", "-c", STRANGER, cwd=self.folder)
        self.assertEqual(output, "3 lines\n")

    def test_the_readme_has_the_code_that_recomputes_the_chain(self):
        readme = (MODULE / "readme/HASH_FORMAT.md").read_text()
        script = re.search(r"^```python\n(.*?)^```$", readme, re.M | re.S)[1]
        self.assertLessEqual(len(script.splitlines()), 20)
        output = self.run_tool("python3", "-I", "-c", script, cwd=self.folder)
        self.assertIn("3 lines", output)

    def test_damage_to_the_ledger_is_found(self):
        lines = self.ledger.read_text().splitlines(keepends=True)
        damages = {
            "changed": [lines[0], lines[1].replace("240", "241"), lines[2]],
            "removed": [lines[0], lines[2]],
            "beginning cut off": lines[1:],
            "swapped": [lines[1], lines[0], lines[2]],
            "twice": [*lines, lines[2]],
        }
        for damage, damaged in damages.items():
            self.ledger.write_text("".join(damaged))
            for check in (
                self.check_ledger,
                lambda: self.run_tool("python3", "-c", STRANGER, cwd=self.folder),
            ):
                with (
                    self.subTest(damage=damage, check=check),
                    self.assertRaises(subprocess.CalledProcessError),
                ):
                    check()

    def test_a_file_that_the_ledger_does_not_know_is_found(self):
        forged = self.folder / ".factures/2026/11/INV_2026_11_0002.pdf"
        forged.write_bytes(b"forged")
        manifest = self.folder / "MANIFEST.sha256"
        line = self.run_tool(
            "sha256sum", str(forged.relative_to(self.folder)), cwd=self.folder
        )
        manifest.write_text(manifest.read_text() + line)
        self.run_tool("sha256sum", "-c", "MANIFEST.sha256", cwd=self.folder)
        with self.assertRaises(subprocess.CalledProcessError) as raised:
            self.check_ledger()
        self.assertIn("is not in the ledger", raised.exception.stderr)
