"""What a door asks of an archived invoice: the digest beside Odoo's page, and in bulk.

Nobody has sent the invoices, and nothing has changed. Whoever opens one waits for the
digest of what Odoo would say today, beside which Odoo makes the page as HTML. The Print
menu and the zips of Odoo look at many invoices, and take no digest then.
"""

from invoices import posted_invoices

from odoo.tools import SQL

GOALS = {
    "digest_ms_1_line": "<= 150",
    "digest_ms_30_lines": "<= 150",
    "menu_ms": "< 100",
    "zip_queries_few": "= zip_queries_many",
}
LINES = {"1_line": 1, "30_lines": 30}
# Ticked in the list of invoices: one page of it.
TICKED = 80
REPORT = "account.account_invoices"


def run(tools, quick):
    with tools.environment(tools.clone("doors")) as env:
        office = Office(env, TICKED // 10 if quick else TICKED)
        sides = {"menu": office.open_menu}
        for name, invoice in office.invoices.items():
            sides[f"digest_{name}"] = office.digest(invoice)
            sides[f"odoo_{name}"] = office.page_of_odoo(invoice)
        times = tools.interleaved(sides, after=office.forget)
        kinds = ("digest", "odoo")
        milliseconds = {
            f"{kind}_ms_{name}": times.median(f"{kind}_{name}") * 1000
            for name in LINES
            for kind in kinds
        }
        return {
            **milliseconds,
            "menu_ms": times.median("menu") * 1000,
            "zip_queries_few": office.queries_of_zip(2),
            "zip_queries_many": office.queries_of_zip(len(office.ticked)),
        }


class Office:
    """Somebody with archived invoices, one of them of many lines."""

    def __init__(self, env, ticked):
        self.env = env
        self.invoices = {
            name: posted_invoices(env, 1, lines) for name, lines in LINES.items()
        }
        self.ticked = posted_invoices(env, ticked)
        env["progbox.archive.job"]._job_run()
        # As if client and company had been written long before the archiving.
        for table in ("res_partner", "res_company"):
            env.cr.execute(
                SQL(
                    "UPDATE %s SET write_date = write_date - interval '1 hour'",
                    SQL.identifier(table),
                )
            )
        env.cr.commit()
        self.forget()
        self.queries_of_zip(2)  # what is asked once

    def forget(self):
        self.env.cr.rollback()
        self.env.invalidate_all()

    def digest(self, invoice):
        def look():
            assert invoice._progbox_current_documents(), "it has not changed"

        return look

    def page_of_odoo(self, invoice):
        reports = self.env["ir.actions.report"]
        return lambda: reports._render_qweb_html(REPORT, invoice.ids)

    def open_menu(self):
        items = self.ticked.get_extra_print_items()
        assert "download_all" in [item["key"] for item in items]

    def queries_of_zip(self, count):
        # The add-on is importable once Odoo has started.
        from odoo.addons.progbox_invoice_archive.models.legal_files import LegalFiles

        before = self.env.cr.sql_log_count
        moves = LegalFiles(self.ticked[:count]).at_door()
        files = [file for move in moves for file in move._get_move_zip_export_docs()]
        queries = self.env.cr.sql_log_count - before
        assert len(files) == count, len(files)
        self.forget()
        return queries
