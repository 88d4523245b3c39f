"""The database where an archive is made again: its company, and its free numbers."""

import contextlib

from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL


class RebuildPlace:
    """Where a copied ledger goes: nowhere, or behind its own begin.

    :param env: with the server's rights
    :param source: :class:`RebuildSource`
    """

    def __init__(self, env, source):
        self.env = env
        self.source = source
        # Of the lines that are to be written, and of all of them, by model.
        self.documents, self.records = set(), {}
        self.root = None
        # Lines of the copy, and those that are there already.
        self.total = self.there = 0
        self.company = None

    def prepare(self):
        """Compare what is there with the copy, and make room for the rest.

        :raise UserError: when this database is no place for it
        """
        self.company = self._company()
        self.there = self._look_at_ledger()
        if not self.there:
            self._keep_records_apart()
            self._name_root()

    def _company(self):
        """Return the company of the ledger: its number is in each line."""
        companies, number = self.env["res.company"], self.source.company_id
        company = companies.browse(number).exists()
        if not company:
            with self.next_id("res_company", number):
                name = self.env._("Company %(number)s", number=number)
                company = companies.create({"name": name})
        return company

    def _look_at_ledger(self):
        """Compare the ledger that is there with the copy, and read all of the copy.

        :return: how many lines of it are there already
        """
        mine = Domain("company_id", "=", self.company.id)
        ledger = self.env["progbox.seal"].search_fetch(mine, ["sequence", "hash"])
        hashes = {line.sequence: line.hash for line in ledger}
        last = max(hashes, default=0)
        ledger.invalidate_recordset()
        for line in self.source.lines():
            self.total = line.sequence
            if line.sequence <= last and hashes.get(line.sequence) != line.hash:
                raise UserError(
                    self.env._(
                        "%(company)s has a ledger of its own. An archive is rebuilt "
                        "where there is none, or the begin of this very one.",
                        company=self.company.display_name,
                    )
                )
            if line.content["kind"] == "deposit":
                self._note(line.content, line.sequence > last)
        self._check_ids_are_free(last)
        return last

    def _note(self, content, is_new):
        if is_new:
            self.documents.add(content["document"])
        self.root = self.root or content["folder"].partition("/")[0]
        if content["model"] and content["record"]:
            self.records.setdefault(content["model"], set()).add(content["record"])

    def _check_ids_are_free(self, last):
        """Check that nothing else has a number that the copy speaks of.

        Where the ledger has begun, the records are those that it speaks of.
        """
        wanted = {**({} if last else self.records), "progbox.document": self.documents}
        for model, ids in wanted.items():
            if model in self.env:
                found = self.env[model].browse(sorted(ids)).exists()
                if found:
                    self._refuse(found[:1])

    def _refuse(self, example):
        name = self.env["ir.model"]._get(example._name).name
        raise UserError(
            self.env._(
                "This database has a record that the archive speaks of under the same "
                "number: %(model)s %(number)s. Rebuild it in a new database.",
                model=name,
                number=example.id,
            )
        )

    def _keep_records_apart(self):
        """Let no new record have the number of one that is gone."""
        for model, ids in self.records.items():
            if self._is_taken_in(model):
                self._raise_sequence(self.env[model]._table, max(ids))
        if self.documents:
            self._raise_sequence("progbox_document", max(self.documents))

    def _is_taken_in(self, model):
        """Return whether the archive takes documents of a model: one with a chatter."""
        if model not in self.env:
            return False
        records = self.env[model]
        has_table = records._auto and not records._transient
        return has_table and hasattr(records, "message_post")

    def _name_root(self):
        """What is archived from now on goes where the rest is."""
        if self.root and self.company.progbox_archive_folder != self.root:
            self.company.progbox_archive_folder = self.root

    def lost_models(self):
        """Return the models of which records are missing here that the lines name."""
        return [
            model
            for model, ids in sorted(self.records.items())
            if model not in self.env
            or len(self.env[model].browse(ids).exists()) < len(ids)
        ]

    # ------------------------------------------------------------------
    # Numbers of the database
    # ------------------------------------------------------------------

    @contextlib.contextmanager
    def next_id(self, table, wanted):
        """Let the record that is created inside have the number that it had."""
        sequence = f"{table}_id_seq"
        self.env.cr.execute(SQL("SELECT setval(%s, %s, false)", sequence, wanted))
        try:
            yield
            [[given]] = self.env.execute_query(
                SQL("SELECT currval(%s::regclass)", sequence)
            )
            if given != wanted:
                raise UserError(
                    self.env._(
                        "Somebody else is at work in this database. Stop Odoo, then "
                        "run this again: it goes on where it was."
                    )
                )
        finally:
            self._raise_sequence(table, wanted)

    def _raise_sequence(self, table, least):
        """Let the next record of a table have a number that is free."""
        self.env.cr.execute(
            SQL(
                "SELECT setval(%s, greatest(%s, (SELECT max(id) FROM %s),"
                " (SELECT last_value FROM %s)))",
                f"{table}_id_seq",
                least,
                SQL.identifier(table),
                SQL.identifier(f"{table}_id_seq"),
            )
        )
