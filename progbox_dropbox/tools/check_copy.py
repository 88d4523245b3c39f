"""Proves the copies of an archive, without Odoo.

    python3 check_copy.py

It lies in the folder "Ledger", beside the ledger up to each closing. It computes the
chain of the ledger anew, and looks among the files around it for each document that
the ledger knows. The result is printed, and written to CHECK.txt beside it. Nothing
else is changed. Exit status: 0 everything is proven, 1 something is missing or wrong.

It needs Python 3.8 or newer and nothing else.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

PREFIX = "$1$"
BLOCK = 1 << 20


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", help="where the copies are")
    options = parser.parse_args()
    here = Path(__file__).resolve().parent
    folder = Path(options.folder) if options.folder else here.parent
    report = check(here, folder)
    text = "\n".join(report.lines) + "\n"
    (here / "CHECK.txt").write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    return 1 if report.problems else 0


class Report:
    def __init__(self):
        self.lines, self.problems = [], 0

    def say(self, text):
        self.lines.append(text)

    def complain(self, text):
        self.problems += 1
        self.lines.append(f"WRONG: {text}")


def check(ledger_folder, folder):
    """Return what came of the check.

    :param Path ledger_folder: with the files ledger_*.jsonl and closing_*.json
    :param Path folder: with the copies, at any depth
    :rtype: Report
    """
    report = Report()
    companies = sorted({path.name.split("_")[1] for path in ledgers(ledger_folder)})
    if not companies:
        report.complain("there is no ledger here.")
        return report
    found = digests(folder)
    report.say(f"{len(found)} different files were read.")
    for company in companies:
        hashes, documents = read_ledger(ledger_folder, company, report)
        compare_closings(ledger_folder, company, hashes, report)
        compare_files(documents, found, report)
    report.say("Something is wrong." if report.problems else "Everything is proven.")
    return report


def ledgers(folder, company="*"):
    return sorted(folder.glob(f"ledger_{company}_*.jsonl"))


def digests(folder):
    """Return {SHA-256: path} of all files of a folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest = hashlib.sha256()
            with path.open("rb") as file:
                for block in iter(lambda file=file: file.read(BLOCK), b""):
                    digest.update(block)
            found.setdefault(digest.hexdigest(), path)
    return found


def read_ledger(folder, company, report):
    """Compute the chain of one company anew.

    :return: {line: hash}, and the sealed documents by their digests
    """
    previous, number, hashes, documents = "", 0, {}, {}
    for path in ledgers(folder, company):
        for text in path.open(encoding="ascii"):
            line = json.loads(text)
            if line["sequence"] <= number:
                # It stands in two files: since a closing, and up to the next one.
                continue
            number += 1
            if line["sequence"] != number:
                report.complain(f"company {company}: line {number} is missing.")
                number = line["sequence"]
                previous = line["previous_hash"]
            payload = line["payload"]
            digest = hashlib.sha256((previous + payload).encode()).hexdigest()
            is_linked = line["previous_hash"] == previous
            if not is_linked or line["hash"] != PREFIX + digest:
                report.complain(f"company {company}: line {number} was changed.")
            previous = line["hash"]
            hashes[number] = previous
            content = json.loads(payload)
            if content.get("sha256"):
                documents[content["sha256"]] = content
    report.say(f"Company {company}: {number} lines; the last one is {previous}.")
    return hashes, documents


def compare_closings(folder, company, hashes, report):
    """Compare the ledger with what its closings say was the last line."""
    for path in sorted(folder.glob(f"closing_{company}_*.json")):
        closing = json.loads(path.read_text(encoding="utf-8"))
        pairs = [
            (closing["last_sequence"], closing["last_hash"]),
            (closing["line"], closing["line_hash"]),
        ]
        for line, expected in pairs:
            if line and hashes.get(line) != expected:
                report.complain(f"{path.name}: line {line} is not the one it names.")


def compare_files(documents, found, report):
    """Look for the file of each sealed document."""
    missing = [content for digest, content in documents.items() if digest not in found]
    for content in missing:
        name = content.get("number") or content.get("name")
        report.complain(f"{name}: no file here is what was sealed ({content['name']}).")
    whole = len(documents) - len(missing)
    report.say(f"{whole} of {len(documents)} sealed documents are here, intact.")


if __name__ == "__main__":
    sys.exit(main())
