"""`odoo-bin progbox verify`: check the archive of a database from the command line."""

# A command speaks to whoever called it. pylint: disable=print-used
import argparse
import json
import sys
import traceback

import psycopg2

# Loaded as odoo.cli.progbox, not as a part of the add-on: absolute imports only.
from odoo import SUPERUSER_ID, api, fields
from odoo.cli import Command
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.tools import config

INTACT, FINDINGS, COULD_NOT_RUN = 0, 1, 2


class CouldNotRun(Exception):
    """Why nothing was verified."""


REASONS = (CouldNotRun, UserError, psycopg2.Error)


class Progbox(Command):
    """Verify the invoice archive."""

    description = """
        Compute the digest of every archived file and every link of the ledger anew,
        and compare them with what was sealed.

        Exit status: 0 intact, 1 findings, 2 could not run. Progress goes to stderr.
    """
    epilog = """
        The command is found through Odoo's addons path. So either name the
        configuration in the environment, or the path first:

            ODOO_RC=odoo.conf odoo-bin progbox verify -d DB
            odoo-bin --addons-path=/opt/addons progbox verify -d DB -c odoo.conf
    """

    def run(self, cmdargs):
        options = self._parse(cmdargs)
        runs = []
        try:
            complete = self._verify(options, runs)
        except (*REASONS, KeyboardInterrupt) as error:
            complete = self._complain(error)
        except Exception:  # noqa: BLE001  Python's own status 1 would mean findings
            traceback.print_exc()
            complete = False
        # What was found is said, whatever kept the other companies from being checked.
        if options.json and runs:
            print(json.dumps({"database": options.database, "runs": runs}, indent=2))
        elif not options.json:
            for run in runs:
                self._print(run)
        sys.exit(self._status(runs) if complete else COULD_NOT_RUN)

    def _parse(self, arguments):
        parser = self.parser
        commands = parser.add_subparsers(required=True, metavar="verify")
        verify = commands.add_parser(
            "verify",
            description=parser.description,
            epilog=parser.epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        verify.add_argument("-d", "--database", required=True)
        verify.add_argument("-c", "--config", help="Odoo's configuration file")
        verify.add_argument(
            "--company", help="id or name; without it, every company with an archive"
        )
        verify.add_argument(
            "--since",
            type=_date,
            metavar="YYYY-MM-DD",
            help="check only what was sealed from this day on",
        )
        verify.add_argument(
            "--anchor",
            action="append",
            default=[],
            metavar="LINE:HASH",
            help="a line of the ledger and its hash, from a report or a certificate",
        )
        verify.add_argument(
            "--ledger",
            type=argparse.FileType("rb"),
            metavar="PATH",
            help="the file ledger.jsonl of an export, to compare with",
        )
        verify.add_argument("--json", action="store_true")
        return parser.parse_args(arguments)

    def _verify(self, options, runs):
        """Run the verifications.

        :param list runs: takes what came of each, as dictionaries
        :return: whether all of them could be run
        :raise CouldNotRun, UserError, psycopg2.Error: when none can be
        """
        arguments = ["-d", options.database, "--log-level=warn", "--no-http"]
        if options.config:
            arguments += ["-c", options.config]
        config.parse_config(arguments, setup_logging=True)
        with Registry(options.database).cursor() as cursor:
            env = api.Environment(cursor, SUPERUSER_ID, {})
            if "progbox.verification" not in env:
                raise CouldNotRun("ProGBox Invoice Archive is not installed here.")
            parse = env["progbox.verification"]._parse_anchor
            options.anchor = [parse(text) for text in options.anchor]
            unread = []
            companies = self._companies(env, options, unread)
            complete = True
            for error in unread:
                self._complain(error)
            for company in companies:
                try:
                    runs.append(self._verify_one(env, company, options))
                except REASONS as error:
                    env.cr.rollback()
                    complete = self._complain(error)
            # A company that only an unread table knows of has not been verified.
            return complete and (not unread or self._status(runs) == FINDINGS)

    def _companies(self, env, options, unread):
        """Return the companies to verify.

        :param list unread: takes the errors of the tables that could not be asked
        """
        everybody = [] if options.company else unread
        companies = env["progbox.verification"]._companies(everybody)
        if wanted := options.company:
            # An archived company keeps its archive.
            everyone = env["res.company"].with_context(active_test=False)
            companies = everyone.search(
                [("id", "=", int(wanted))]
                if wanted.isdecimal()
                else [("name", "=", wanted)]
            )
            if not companies:
                raise CouldNotRun(f"there is no company {wanted}.")
        if not companies:
            raise CouldNotRun("there is no archive in this database yet.")
        if (options.anchor or options.ledger) and len(companies) > 1:
            raise CouldNotRun(
                "name the --company that the --anchor or the --ledger belongs to."
            )
        return companies

    def _verify_one(self, env, company, options):
        run = env["progbox.verification"]._start_here(
            company,
            {"door": "command", "since": options.since, "anchors": options.anchor},
            options.ledger,
        )

        # A long job commits on the way: its lease, what it has found, its end.
        def commit():
            env.cr.commit()  # pylint: disable=invalid-commit
            self._show(company, run)
            return float("inf")

        commit()

        try:
            run._job_process(commit)
        except KeyboardInterrupt:
            env.cr.rollback()
            run._stop_here()
            commit()
            raise
        commit()
        print(file=sys.stderr)
        if run.state != "done":
            raise CouldNotRun(f"{company.display_name}: {run.error}")
        return self._result(company, run)

    def _show(self, company, run):
        text = f"{company.display_name}: {run.position} of {run.total} lines"
        text = f"\r{text}, {run.finding_count} findings"
        print(text, file=sys.stderr, end="", flush=True)

    def _result(self, company, run):
        return {
            "company": company.display_name,
            "company_id": company.id,
            "run_id": run.id,
            "result": run.result,
            "lines": run.position,
            "files": run.files,
            "bytes": int(run.volume),
            "last_line": run.last_sequence,
            "last_hash": run.last_hash or None,
            "still_to_archive": run.still_to_archive,
            "acknowledged": run.acknowledged_count,
            "log_sealed_until": fields.Datetime.to_string(run.log_sealed_until) or None,
            "finding_counts": run.finding_counts or {},
            "findings": [
                {
                    name: finding[name] or None
                    for name in (
                        "kind",
                        "level",
                        "sequence",
                        "number",
                        "path",
                        "what",
                        "expected",
                        "actual",
                        "message",
                        "advice",
                    )
                }
                for finding in run.finding_ids
            ],
        }

    def _print(self, run):
        print(
            f"{run['company']}: {run['result']}. {run['lines']} lines, "
            f"{run['files']} files, {run['bytes']} bytes. "
            f"Last line {run['last_line']}:{run['last_hash']}"
        )
        if run["log_sealed_until"]:
            print(f"  Access log sealed up to {run['log_sealed_until']} UTC.")
        if run["still_to_archive"]:
            print(f"  {run['still_to_archive']} invoices are still to be archived.")
        if run["acknowledged"]:
            print(f"  {run['acknowledged']} findings were acknowledged before.")
        for finding in run["findings"]:
            print(f"  {finding['kind']}: {finding['message']} {finding['advice']}")
        if (count := sum(run["finding_counts"].values())) > len(run["findings"]):
            print(f"  … {count} findings in all.")

    def _complain(self, error):
        """Say why a verification is missing.

        :return: False: it is not complete
        """
        text = (
            "stopped." if isinstance(error, KeyboardInterrupt) else str(error).strip()
        )
        print(f"\nprogbox verify: {text}", file=sys.stderr)
        return False

    def _status(self, runs):
        intact = all(run["result"] == "intact" for run in runs)
        return INTACT if intact else FINDINGS


def _date(text):
    try:
        return fields.Date.to_date(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("a day is written YYYY-MM-DD") from error
