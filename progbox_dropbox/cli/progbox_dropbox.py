"""`odoo-bin progbox_dropbox`: what the server has lost, from its copies in Dropbox.

``restore`` fills the file store of an archive whose database is there; ``rebuild``
makes an archive again from the copies alone.
"""

# A command speaks to whoever called it. pylint: disable=print-used
import sys

# Loaded as odoo.cli.progbox_dropbox: absolute imports only.
from odoo import SUPERUSER_ID, api
from odoo.cli import Command
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.tools import config

from odoo.addons.progbox_dropbox.models.dropbox_rebuild import rebuild

WHOLE, PROBLEMS, COULD_NOT_RUN = 0, 1, 2


# What appends to a ledger by itself: it may not, while lines of before are written.
WRITERS = (
    "progbox_invoice_archive.ir_cron_closing",
    "progbox_invoice_archive.ir_cron_source_deletion",
)


class ProgboxDropbox(Command):
    """Fetch the archive back from Dropbox: lost files, or all of it."""

    name = "progbox_dropbox"
    description = """
        Look at every file of the archive. What is missing or damaged is fetched from
        its copy in Dropbox, compared with the seal, and put in its place.

        Exit status: 0 all files are whole, 1 some are not, 2 could not run.
    """
    rebuild_description = """
        Make the whole archive again in a new, empty database, from the copies and the
        ledger that lie in Dropbox: folders, documents, ledger and closings, with their
        numbers, dates and hashes. Connect the Dropbox in Settings first. What was
        interrupted goes on where it was.

        Whoever may write in the Dropbox can put another ledger there. So --anchor
        names a line of the true one and its hash, which certificates, reports and
        e-mails print: it is compared before anything is written. Without any of them,
        --without-anchor believes what is there.

        Exit status: 0 all of it is there, 1 some files are not, 2 could not run.
    """

    def run(self, cmdargs):
        options = self._parse(cmdargs)
        arguments = ["-d", options.database, "--log-level=warn", "--no-http"]
        if options.config:
            arguments += ["-c", options.config]
        config.parse_config(arguments, setup_logging=True)
        with Registry(options.database).cursor() as cursor:
            env = api.Environment(cursor, SUPERUSER_ID, {})
            try:
                status = getattr(self, f"_{options.command}_all")(env, options)
            except UserError as error:
                print(f"progbox_dropbox {options.command}: {error}", file=sys.stderr)
                status = COULD_NOT_RUN
        sys.exit(status)

    def _parse(self, arguments):
        commands = self.parser.add_subparsers(required=True, dest="command")
        restore = commands.add_parser("restore", description=self.description)
        restore.add_argument(
            "--company", type=int, help="id; without it, every company with a Dropbox"
        )
        rebuild_ = commands.add_parser("rebuild", description=self.rebuild_description)
        rebuild_.add_argument(
            "--company", type=int, help="id of the company whose Dropbox has the copies"
        )
        rebuild_.add_argument(
            "--ledger",
            type=int,
            help="id of the company whose archive it is, if there are several",
        )
        known = rebuild_.add_mutually_exclusive_group(required=True)
        known.add_argument(
            "--anchor",
            metavar="LINE:HASH",
            help="line of the ledger and its hash, as a certificate prints them",
        )
        known.add_argument(
            "--without-anchor",
            action="store_true",
            help="believe the ledger that lies in Dropbox, whoever put it there",
        )
        for command in (restore, rebuild_):
            command.add_argument("-d", "--database", required=True)
            command.add_argument("-c", "--config", help="Odoo's configuration file")
        return self.parser.parse_args(arguments)

    def _accounts(self, env, options):
        accounts = env["progbox.dropbox.account"].search(
            [("company_id", "=", options.company)]
            if options.company
            else [("state", "!=", "disconnected")]
        )
        if not accounts:
            raise UserError("no company of this database has a Dropbox.")
        return accounts

    # ------------------------------------------------------------------
    # Rebuild
    # ------------------------------------------------------------------

    def _rebuild_all(self, env, options):
        accounts = self._accounts(env, options)
        if len(accounts) > 1:
            raise UserError("several companies have a Dropbox: name one, --company.")
        anchor = options.anchor
        if anchor is not None:
            anchor = env["progbox.verification"]._parse_anchor(anchor)
        with env.registry.cursor() as cursor:
            self._keep_writers_out(env(cr=cursor))
            done = rebuild(
                accounts,
                options.ledger,
                env.cr.commit,
                lambda work: print(
                    f"\r{work.position} of {work.total} lines",
                    file=sys.stderr,
                    end="",
                    flush=True,
                ),
                anchor,
            )
        print(file=sys.stderr)
        last = env["progbox.seal"]._last(done.company)
        print(
            f"{done.company.name}: {done.total} lines of the copy, "
            f"{len(done.problems)} files not"
        )
        print("\n".join([*done.problems, f"Last line: {last._anchor_text()}"]))
        return PROBLEMS if done.problems else WHOLE

    def _keep_writers_out(self, env):
        """Hold the scheduled actions that append to ledgers, until the cursor ends."""
        crons = [env.ref(name).id for name in WRITERS]
        env.cr.execute(
            "SELECT id FROM ir_cron WHERE id = ANY(%s) FOR UPDATE SKIP LOCKED", [crons]
        )
        if env.cr.rowcount < len(crons):
            raise UserError("Odoo is appending to a ledger: stop it, then try again.")

    # ------------------------------------------------------------------
    # Restore
    # ------------------------------------------------------------------

    def _restore_all(self, env, options):
        accounts = self._accounts(env, options)
        statuses = [self._restore(env, account) for account in accounts]
        return max(statuses)

    def _restore(self, env, account):
        restore = env["progbox.dropbox.restore"]._start_here(account)

        def commit():
            env.cr.commit()  # pylint: disable=invalid-commit
            text = f"\r{account.company_id.name}: {restore.position} of {restore.total}"
            text += f" files, {restore.fetched_count} fetched"
            print(text, file=sys.stderr, end="", flush=True)
            return float("inf")

        commit()
        try:
            restore._job_process(commit)
        except KeyboardInterrupt:
            env.cr.rollback()
            restore._job_lock()._job_pause()
            commit()
            raise
        commit()
        print(file=sys.stderr)
        if restore.state != "done":
            print(f"{account.company_id.name}: {restore.error}")
            return COULD_NOT_RUN
        print(
            f"{account.company_id.name}: {restore.position} files, "
            f"{restore.fetched_count} fetched, {restore.problem_count} not, "
            f"{restore.uncopied_count} documents without a copy"
        )
        print(restore.problems or "", end="\n" if restore.problems else "")
        return PROBLEMS if restore.problem_count else WHOLE
