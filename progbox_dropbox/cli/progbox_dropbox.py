"""`odoo-bin progbox_dropbox restore`: the file store of an archive from its copies."""

# A command speaks to whoever called it. pylint: disable=print-used
import sys

# Loaded as odoo.cli.progbox_dropbox: absolute imports only.
from odoo import SUPERUSER_ID, api
from odoo.cli import Command
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.tools import config

WHOLE, PROBLEMS, COULD_NOT_RUN = 0, 1, 2


class ProgboxDropbox(Command):
    """Fetch lost and damaged files of the archive back from Dropbox."""

    name = "progbox_dropbox"
    description = """
        Look at every file of the archive. What is missing or damaged is fetched from
        its copy in Dropbox, compared with the seal, and put in its place.

        Exit status: 0 all files are whole, 1 some are not, 2 could not run.
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
                status = self._restore_all(env, options)
            except UserError as error:
                print(f"progbox_dropbox restore: {error}", file=sys.stderr)
                status = COULD_NOT_RUN
        sys.exit(status)

    def _parse(self, arguments):
        commands = self.parser.add_subparsers(required=True, metavar="restore")
        restore = commands.add_parser("restore", description=self.description)
        restore.add_argument("-d", "--database", required=True)
        restore.add_argument("-c", "--config", help="Odoo's configuration file")
        restore.add_argument(
            "--company", type=int, help="id; without it, every company with a Dropbox"
        )
        return self.parser.parse_args(arguments)

    def _restore_all(self, env, options):
        accounts = env["progbox.dropbox.account"].search(
            [("company_id", "=", options.company)]
            if options.company
            else [("state", "!=", "disconnected")]
        )
        if not accounts:
            raise UserError("no company of this database has a Dropbox.")
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
        restore._job_process(commit)
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
