from contextlib import contextmanager
from pathlib import Path

import psycopg2.errors

from odoo import fields
from odoo.tools import SQL, mute_logger

from ..models.progbox_archive_deposit import Deposit, FileToArchive
from .common import ArchiveCommon

GUARDED = (
    "ir_attachment",
    "progbox_access_log",
    "progbox_access_log_seal",
    "progbox_archive_job",
    "progbox_closing",
    "progbox_document",
    "progbox_folder",
    "progbox_seal",
    "progbox_share",
    "progbox_share_choice",
    "progbox_source_deletion",
    "progbox_time_stamp",
    "progbox_verification",
    "progbox_verification_finding",
    "res_company",
)


class VerificationCommon(ArchiveCommon):
    """A real archive of a few invoices, and somebody who gets at the database."""

    INVOICES = 6

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.runs = cls.server["progbox.verification"]
        cls.crons_on_time()
        cls.moves = cls.env["account.move"].union(
            *(cls.filed() for _number in range(cls.INVOICES))
        )

    @classmethod
    def crons_on_time(cls):
        """Let no scheduled action be late: in the tests, none runs by itself."""
        cls.env.flush_all()
        cls.env.cr.execute(
            "UPDATE ir_cron SET nextcall = %(now)s WHERE nextcall < %(now)s",
            {"now": fields.Datetime.now()},
        )
        cls.env.invalidate_all()

    @classmethod
    def filed(cls, move=None, content=None):
        """Post an invoice and archive a file for it, without rendering one."""
        move = move or cls.posted()
        staged = cls.server["ir.attachment"]._progbox_stage(
            [content or f"%PDF-1.4 {move.name} {move.id}".encode()]
        )
        file = FileToArchive(
            "invoice.pdf", "application/pdf", {"renderer": "test 1.0"}, staged
        )
        cls.server["progbox.archive.job"]._put_away(
            move.sudo(), Deposit("generated", (file,))
        )
        cls.jobs_of(move)._job_finish("done")
        return move

    @classmethod
    def filed_beside(cls, move, sealed=False):
        """Put another file on an invoice: in a series of its own, archived or not."""
        folders = cls.server["progbox.folder"]
        if sealed:
            folder = folders._archive_folder(cls.company, move.invoice_date)
        else:
            folder = folders.create({"name": "Cheques", "company_id": cls.company.id})
        documents = cls.server["progbox.document"]
        put = documents._deposit if sealed else documents._create_with_file
        return put(
            {
                "name": f"cheque {move.id}.pdf",
                "folder_id": folder.id,
                "company_id": cls.company.id,
                "type_id": cls.env.ref(
                    "progbox_invoice_archive.document_type_customer_invoice"
                ).id,
                "mimetype": "application/pdf",
                "number": move.name,
                "document_date": move.invoice_date,
                "res_model": move._name,
                "res_id": move.id,
                "series": "cheques",
            },
            cls.server["ir.attachment"]._progbox_stage([b"%PDF-1.4 a cheque"]),
        )

    @classmethod
    def verify(cls, **values):
        """Run a verification to its end, in this transaction."""
        cls.env.flush_all()
        run = cls.runs._start_here(cls.company, {"door": "command", **values})
        run._job_process()
        return run

    @classmethod
    def seals(cls):
        return cls.server["progbox.seal"].search(
            [("company_id", "=", cls.company.id)], order="sequence"
        )

    @classmethod
    def seal(cls, move):
        return cls.documents(move)[-1].seal_id

    @classmethod
    def path(cls, move):
        """Return where the file of an invoice is on the disk."""
        attachment = cls.documents(move)[-1]._content_attachment()
        return Path(attachment._full_path(attachment.store_fname))

    @classmethod
    def tamper(cls, query, *values):
        """Do something to the database that nobody may do, past every guard."""
        cls.env.flush_all()
        with cls.defenceless():
            cls.env.cr.execute(query, values)
        cls.env.invalidate_all()

    @classmethod
    @contextmanager
    def defenceless(cls):
        """Lift what the owner of the tables can lift; the test ends in a rollback."""
        cr = cls.env.cr
        # PostgreSQL alters no table whose deferred triggers have not run yet.
        cr.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        cr.execute(
            """SELECT conrelid::regclass::text, conname FROM pg_constraint
            WHERE contype = 'f' AND conrelid::regclass::text = ANY(%s)""",
            [list(GUARDED)],
        )
        for table, constraint in cr.fetchall():
            table, constraint = SQL.identifier(table), SQL.identifier(constraint)
            cr.execute(SQL("ALTER TABLE %s DROP CONSTRAINT %s", table, constraint))
        for table in map(SQL.identifier, GUARDED):
            cr.execute(SQL("ALTER TABLE %s DISABLE TRIGGER USER", table))
        yield
        for table in map(SQL.identifier, GUARDED):
            cr.execute(SQL("ALTER TABLE %s ENABLE TRIGGER USER", table))
        cls.server["progbox.ledger.guards"]._guards_enable()

    def found(self, run):
        """Return the findings as a set of (kind, invoice number)."""
        self.assertEqual(run.state, "done", run.error_detail)
        return {(f.kind, f.number or None) for f in run.finding_ids}

    def assertFound(self, *expected, **values):
        """Verify, and expect exactly these findings: (kind, invoice or None)."""
        run = self.verify(**values)
        wanted = {
            (kind, move and (move if isinstance(move, str) else move.name))
            for kind, move in expected
        }
        what = run.finding_ids.mapped(lambda f: (f.kind, f.what, f.expected, f.actual))
        self.assertEqual(self.found(run), wanted, what)
        return run

    def assertRefused(self, attack):
        """Expect that the database refuses a statement."""
        with (
            self.subTest(attack=attack),
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.RestrictViolation),
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute(attack)  # pylint: disable=sql-injection

    def assertIntact(self, run):
        self.assertEqual(self.found(run), set())
        self.assertEqual(run.result, "intact")
