from contextlib import contextmanager
from unittest.mock import patch

from odoo import SUPERUSER_ID, Command, fields
from odoo.tests import new_test_user
from odoo.tools import SQL

from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.addons.base.models import ir_cron

from . import style_memory, template_memory

PDF = b"%PDF-1.4\n% a small but honest file\n%%EOF\n"

SPARE_COMPANY = "progbox_shared_company"


class SpareCompanies(AccountTestInvoicingCommon):
    """Companies that setup/test has made in its databases: a chart takes seconds."""

    @classmethod
    def setUpClass(cls):
        # Past Odoo's class, which makes taxes, accounts, products and partners of its
        # own: that takes as long as the tests of a class, and none of them needs it.
        super(AccountTestInvoicingCommon, cls).setUpClass()
        cls.maxDiff = None
        cls.company_data = cls.collect_company_accounting_data(cls.env.company)
        cls.product_category.with_company(cls.env.company).write(
            {
                "property_account_income_categ_id": cls.company_data[
                    "default_account_revenue"
                ].id,
                "property_account_expense_categ_id": cls.company_data[
                    "default_account_expense"
                ].id,
            }
        )
        cls.tax_sale_a = cls.company_data["default_tax_sale"]
        cls.tax_purchase_a = cls.company_data["default_tax_purchase"]
        # With them a payment is one of its own, until the bank has it.
        chart = cls.env["account.chart.template"]
        bank = cls.company_data["default_journal_bank"]
        for way, kind in (("inbound", "debit"), ("outbound", "credit")):
            lines = bank[f"{way}_payment_method_line_ids"]
            lines[:1].payment_account_id = chart.ref(
                f"account_journal_payment_{kind}_account_id", raise_if_not_found=False
            )

    @classmethod
    def collect_company_accounting_data(cls, company):
        """Return what tests look at; Odoo's own method also makes three journals."""

        def first(model, kind, *but):
            records = cls.env[model].with_company(company)
            name = "account_type" if model == "account.account" else "type"
            domain = [
                *records._check_company_domain(company),
                (name, "=", kind),
                ("id", "not in", [record.id for record in but if record]),
            ]
            return records.search(domain, limit=1)

        gain = company.account_journal_early_pay_discount_gain_account_id
        loss = company.account_journal_early_pay_discount_loss_account_id
        return {
            "company": company,
            "currency": company.currency_id,
            "default_account_revenue": first("account.account", "income", gain),
            "default_account_expense": first("account.account", "expense", loss),
            "default_journal_sale": first("account.journal", "sale"),
            "default_journal_purchase": first("account.journal", "purchase"),
            "default_journal_bank": first("account.journal", "bank"),
            "default_tax_sale": company.account_sale_tax_id,
            "default_tax_purchase": company.account_purchase_tax_id,
        }

    @classmethod
    def _create_company(cls, **values):
        """Return a company that stands ready, as if it were made now."""
        company = (
            cls.env["res.company"]
            .sudo()
            .search([("name", "=like", f"{SPARE_COMPANY}%")], order="id", limit=1)
        )
        if set(values) != {"name"} or cls.country_code or cls.chart_template:
            company = company.browse()
        if not company:
            return super()._create_company(**values)
        cls.env.cr.execute(
            "UPDATE res_company SET create_date = %(now)s,"
            " progbox_archive_started = %(now)s WHERE id = %(company)s",
            {"now": fields.Datetime.now(), "company": company.id},
        )
        company.invalidate_recordset()
        company.name = values["name"]
        cls.env.user.company_ids = [Command.link(company.id)]
        return company.with_env(cls.env)


class ArchiveCommon(SpareCompanies):
    """Invoices to archive, the archiver at hand, and people with few rights."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for patcher in [*style_memory.patches(), *template_memory.patches()]:
            cls.startClassPatcher(patcher)
        cls.server = cls.env(user=SUPERUSER_ID, su=True)
        cls.jobs = cls.server["progbox.archive.job"]
        cls.company = cls.company_data["company"]
        cls.client = cls.env["res.partner"].create(
            {"name": "Maçonnerie Lefèvre", "country_id": cls.company.country_id.id}
        )
        cls.client.invoice_edi_format = False
        cls.billing = cls.user_of("billing", "account.group_account_invoice")
        cls.plain = cls.user_of("plain", "base.group_user")

    @classmethod
    def user_of(cls, login, groups):
        """Return a new user of the company, and of no other."""
        return new_test_user(
            cls.env,
            login,
            groups=groups,
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    @classmethod
    def draft(cls, move_type="out_invoice", date="2026-11-02", partner=None, **values):
        return cls.env["account.move"].create(
            {
                "move_type": move_type,
                "partner_id": (partner or cls.client).id,
                "invoice_date": date,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "Pose de carrelage",
                            "quantity": 2,
                            "price_unit": 100,
                            "tax_ids": [
                                Command.set(cls.company_data["default_tax_sale"].ids)
                            ],
                        }
                    )
                ],
                **values,
            }
        )

    @classmethod
    def posted(cls, move_type="out_invoice", date="2026-11-02", **values):
        move = cls.draft(move_type, date, **values)
        move.action_post()
        return move

    @classmethod
    def forget(cls, moves):
        """Remove the jobs of invoices, as if nobody had ever queued them."""
        cls.env.flush_all()
        guard = "TRIGGER progbox_archive_job_stays"
        cls.env.cr.execute(f"ALTER TABLE progbox_archive_job DISABLE {guard}")
        cls.jobs_of(moves).unlink()
        cls.env.cr.execute(f"ALTER TABLE progbox_archive_job ENABLE ALWAYS {guard}")

    @classmethod
    def jobs_of(cls, moves):
        return cls.jobs.search([("move_id", "in", moves.ids)], order="id")

    @classmethod
    def run_jobs(cls, moves):
        """Do what a worker does with the queued jobs of these invoices."""
        for job in cls.jobs_of(moves):
            if job.state in ("pending", "waiting"):
                job._job_write({"attempts": job.attempts + 1})
                job._job_process()
        moves.invalidate_recordset()

    @classmethod
    def documents(cls, move):
        return cls.server["progbox.document"].search(
            [("res_model", "=", "account.move"), ("res_id", "=", move.id)],
            order="version, id",
        )

    @classmethod
    def archived(cls, move_type="out_invoice", date="2026-11-02", **values):
        move = cls.posted(move_type, date, **values)
        cls.run_jobs(move)
        return move

    @classmethod
    def lose(cls, document):
        """Take the file of a document away, as somebody does behind Odoo's back."""
        cls.env.flush_all()
        cls.env.cr.execute(
            "UPDATE ir_attachment SET store_fname = 'zz/lost' WHERE id = %s",
            [document._content_attachment().id],
        )
        cls.env.invalidate_all()

    @classmethod
    def archived_without_render(
        cls, number="INV/1", date="2026-11-02", company=None, content=PDF, **values
    ):
        """Return a document of the archive that no invoice stands behind."""
        company = company or cls.company
        folder = cls.server["progbox.folder"]._archive_folder(
            company, fields.Date.to_date(date)
        )
        return cls.server["progbox.document"]._deposit(
            {
                "name": f"{number.replace('/', '_')}.pdf",
                "folder_id": folder.id,
                "company_id": company.id,
                "type_id": cls.env.ref(
                    "progbox_invoice_archive.document_type_customer_invoice"
                ).id,
                "mimetype": "application/pdf",
                "number": number,
                "partner_name": "Maçonnerie Lefèvre",
                "amount_total": 240,
                "currency_name": "EUR",
                "document_date": date,
                "origin": "generated",
                **values,
            },
            cls.server["ir.attachment"]._progbox_stage([content]),
        )

    @classmethod
    def archived_for(cls, move):
        """Archive a document for an invoice, without the renderer."""
        folder = cls.server["progbox.folder"]._archive_folder(
            cls.company, move.invoice_date
        )
        return cls.server["progbox.document"]._deposit(
            {
                "name": "INV.pdf",
                "folder_id": folder.id,
                "company_id": cls.company.id,
                "type_id": cls.env.ref(
                    "progbox_invoice_archive.document_type_customer_invoice"
                ).id,
                "mimetype": "application/pdf",
                "number": move.name,
                "res_model": move._name,
                "res_id": move.id,
            },
            cls.server["ir.attachment"]._progbox_stage([PDF]),
        )

    @contextmanager
    def crons_come_to_their_end(self):
        """Let scheduled actions run here, also on a machine that is too busy."""
        # After Odoo's ten seconds, ours leave the rest to another run.
        time = patch.object(ir_cron, "MIN_TIME_PER_JOB", 600)
        with time, self.enter_registry_test_mode():
            yield

    def run_deferred_triggers(self):
        """Do what a commit does first; no table is altered before that."""
        self.env.flush_all()
        self.env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
        self.env.cr.execute("SET CONSTRAINTS ALL DEFERRED")

    @contextmanager
    def lifted(self, *tables):
        """Lift the triggers of tables, as a person with the database could."""
        # PostgreSQL alters no table whose deferred triggers have not run yet.
        self.env.cr.execute(
            "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED"
        )
        for table in map(SQL.identifier, tables):
            self.env.cr.execute(SQL("ALTER TABLE %s DISABLE TRIGGER USER", table))
        yield
        for table in map(SQL.identifier, tables):
            self.env.cr.execute(SQL("ALTER TABLE %s ENABLE TRIGGER USER", table))
        self.server["progbox.ledger.guards"]._guards_enable(tables)

    @classmethod
    def content(cls, document):
        return b"".join(document._content_attachment()._progbox_blocks())
