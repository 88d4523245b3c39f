import json
from pathlib import Path

from odoo import api, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.package.package import CHECK, CLOSINGS, LEDGER

FETCH = 2000
# The check of the ledger, as it stands in CHECK.txt; the readme has a longer one.
CHECK_LEDGER = """\
python3 - <<'END'
import hashlib, json
previous, known, number = "", set(), 0
for number, text in enumerate(open("ledger.jsonl", encoding="utf-8"), 1):
    line = json.loads(text)
    digest = hashlib.sha256((previous + line["payload"]).encode()).hexdigest()
    assert line["sequence"] == number, f"line {number} is missing"
    assert line["previous_hash"] == previous, f"line {number}: broken chain"
    assert line["hash"] == "$1$" + digest, f"line {number} has been changed"
    previous = line["hash"]
    known.add(json.loads(line["payload"]).get("sha256"))
for text in open("MANIFEST.sha256", encoding="utf-8"):
    digest, name = text.rstrip("\\n").split("  ", 1)
    assert "/" not in name or digest in known, f"{name} is not in the ledger"
print(number, "lines are intact; the last one is", previous)
END"""


class ProgboxPackage(models.AbstractModel):
    """What makes a package checkable by somebody who has no Odoo."""

    _inherit = "progbox.package"

    @api.model
    def _add_evidence(self, package, company, folder):
        """Add the ledger, the closings, and how to check them without Odoo.

        :param Path folder: temporary, outlives the package; takes the ledger
        :raise AccessError: for the ledger of a company that is not the user's
        """
        if not self.env.su and company not in self.env.companies:
            raise AccessError(self.env._("This company is not one of yours."))
        closings = json.dumps(self._closings(company), ensure_ascii=False, indent=1)
        package.add_text(LEDGER, self._write_ledger(company, folder / LEDGER))
        package.add_text(CLOSINGS, closings)
        package.add_text(CHECK, self._check_text(company))

    @api.model
    def _write_ledger(self, company, path):
        """Write the whole ledger of a company, one JSON object a line.

        :param Path path: to be written
        :rtype: Path
        """
        seals = self.env["progbox.seal"]
        seals.check_access("read")
        seals.flush_model()
        last = 0
        with open(path, "w", encoding="ascii") as file:
            while True:
                # By the number of the line: a ledger of years is not read at once.
                lines = self.env.execute_query_dict(
                    SQL(
                        """SELECT sequence, previous_hash, payload, hash
                        FROM progbox_seal
                        WHERE company_id = %s AND sequence > %s
                        ORDER BY sequence LIMIT %s""",
                        company.id,
                        last,
                        FETCH,
                    )
                )
                if not lines:
                    return Path(path)
                for line in lines:
                    line["previous_hash"] = line["previous_hash"] or ""
                    file.write(json.dumps(line) + "\n")
                last = lines[-1]["sequence"]

    @api.model
    def _closings(self, company):
        closings = self.env["progbox.closing"]
        return closings.search(Domain("company_id", "=", company.id))._export_lines()

    @api.model
    def _check_text(self, company):
        """Return one page that explains the check to somebody without Odoo."""
        notice = self.env["res.company"]._progbox_copy_notice()
        return (notice and f"{notice}\n\n") + self.env._(
            """\
ARCHIVE OF %(company)s

How to check that these files are the archived ones. You need neither Odoo nor us:
the commands are those of any Linux, of macOS, and of WSL on Windows.

1. Unpack the zip into an empty folder and go there (not needed for a folder):

%(unpack)s

2. Check that every file is the one that was packed. Each line must end in "OK":

%(digests)s

3. Check that the ledger is whole, and that it knows every archived file here:

%(ledger)s

Each line of the ledger covers the line before it. Compare the last hash with the
printed closing certificates (closings.json holds what they say): a ledger whose end
was cut off does not contain the hashes they name.

index.csv lists the documents. If there is a file PROBLEMS.txt, it names what should
be here and is not. The name of the archive's folder begins with a dot: file managers
hide such folders until they are told to show hidden files (Ctrl+H; on macOS
Cmd+Shift+.).
""",
            company=company.name,
            unpack=_indented("unzip export.zip -d export && cd export"),
            digests=_indented("sha256sum -c MANIFEST.sha256"),
            ledger=CHECK_LEDGER,
        )


def _indented(command):
    return f"    {command}"
