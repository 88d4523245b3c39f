"""Opening the tab with 1,000 to 1,000,000 documents beside Odoo's own attachments.

The same records with the same documents in three databases, which differ in how many
documents other records have (1,000, 100,000, 1,000,000). As an administrator, and as a
salesman with his own documents only, whose is one quotation and invoice of ten; the
slowest of all tabs counts. And what a key costs in "Attach from ProGBox", at the client
of 5,000 orders; pages of the tree of Documents > Archiving with a folder for each of
100,000 orders at the largest size; and the list of all orders' documents for a salesman
who reads none of them. All of it by the clock on the wall, and in what Odoo and its
PostgreSQL have computed (`cpu`), which a machine that is busy does not change.
"""

import contextlib
import functools
import gc

from progbox_env.bench import Timings, processor_seconds
from rows import copy_rows, unguarded

from odoo.fields import Command
from odoo.tools import SQL

SIZES = (1_000, 100_000, 1_000_000)
FEW = SIZES[0]
ROUNDS = 9
OPENED = {
    "1000": "< 25",
    "100000": "< 25",
    "1000000": "< 25",
    "large_client": "< 25",
    "large_project": "< 25",
    "5000_orders": "< 50",
}
GOALS = {
    **{f"open_ms_{name}": goal for name, goal in OPENED.items()},
    "growth": "<= 1.3",
    "queries": "= queries_few_documents",
    **{f"cpu_ms_{name}": goal for name, goal in OPENED.items()},
    "cpu_growth": "<= 1.3",
}
UNLINKED = {"project_id": SQL("NULL")}
LARGE = ("large_client", "large_project", "5000_orders")
# What is measured beside the tabs.
BESIDE = ("chatter", "attach", "tree_first", "tree_last", "tree_search", "nothing")
ORDERS = "model:sale.order"


def run(tools, quick):
    sizes = SIZES[:-1] if quick else SIZES
    many = sizes[-1]
    with contextlib.ExitStack() as stack:
        tabs = {}
        for size in sizes:
            database = tools.clone(f"tab_{size}")
            env = stack.enter_context(tools.environment(database))
            tabs[size] = Tabs(env, size)
            tools.note(f"{size} documents of other records")
        sides = {
            (size, *key): opening
            for size, tab in tabs.items()
            for key, opening in tab.openings().items()
        }
        clock = ServerClock(tab.env for tab in tabs.values())
        # What Odoo has loaded is not looked through before each opening.
        gc.freeze()
        times = tools.interleaved(clock.around(sides), ROUNDS)
        queries = {size: tab.queries() for size, tab in tabs.items()}
        keys = [key for key in tabs[FEW].openings() if key[0] not in BESIDE]
    return {
        **opened(times, keys, sizes, "open"),
        "growth": growth(times, keys, many),
        "queries": queries[many],
        "queries_few_documents": queries[FEW],
        **beside(times, ""),
        # The same without waiting for whatever else the machine does.
        **opened(clock.times, keys, sizes, "cpu"),
        "cpu_growth": growth(clock.times, keys, many),
        **beside(clock.times, "cpu_"),
    }


def opened(times, keys, sizes, prefix):
    """Return the figures of the slowest tabs: of usual records, and of large ones."""
    usual = [key for key in keys if key[0] not in LARGE]
    figures = {
        f"{prefix}_ms_{size}": max(1000 * times.median((size, *key)) for key in usual)
        for size in sizes
    }
    for name in LARGE:
        figures[f"{prefix}_ms_{name}"] = slowest(
            times, lambda side, name=name: side[:2] == (sizes[-1], name)
        )
    return figures


def growth(times, keys, many):
    return max(min(times[(many, *key)]) / min(times[(FEW, *key)]) for key in keys)


def beside(times, prefix):
    """Return the figures of what is measured beside the tabs."""
    return {
        f"{'odoo_' * (name == 'chatter')}{name}_{prefix}ms": slowest(
            times, lambda side, name=name: side[1] == name
        )
        for name in BESIDE
    }


def slowest(times, wanted):
    return max(1000 * times.median(side) for side in times if wanted(side))


class ServerClock:
    """What Odoo and its PostgreSQL connections have computed, in seconds."""

    def __init__(self, envs):
        self.times = Timings()
        self.pids = [env.cr._cnx.info.backend_pid for env in envs]

    def around(self, sides):
        """Return the sides, which then note what they take; not the first round."""
        return {
            side: functools.partial(self._noted, side, opening)
            for side, opening in sides.items()
        }

    def _noted(self, side, opening):
        start = processor_seconds(self.pids)
        opening()
        taken = processor_seconds(self.pids) - start
        if side in self.times:
            self.times[side].append(taken)
        else:
            self.times[side] = []


class Tabs:
    """The records whose tabs are opened, among documents of others."""

    def __init__(self, env, size):
        self.env = env
        salesman = env["res.users"].create(
            {
                "name": "Salesman",
                "login": "bench_salesman",
                "group_ids": [
                    Command.link(env.ref("sales_team.group_sale_salesman").id),
                    Command.link(env.ref("project.group_project_user").id),
                ],
            }
        )
        self.users = {"salesman": salesman, "administrator": env.ref("base.user_admin")}
        self.new = salesman.copy({"login": "bench_new"})
        self.order = env["sale.order"].create(
            {
                "partner_id": env["res.partner"].create({"name": "Bench"}).id,
                "user_id": salesman.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": env["product.product"]
                            .create({"name": "Bench", "invoice_policy": "order"})
                            .id
                        }
                    )
                ],
            }
        )
        self.project = env["project.project"].create(
            {"name": "Bench", "partner_id": self.order.partner_id.id}
        )
        self.order.project_id = self.project
        self.order.action_confirm()
        self.invoice = self.order._create_invoices()
        self.invoice.invoice_user_id = salesman
        for number in range(3):
            env["ir.attachment"].create(
                {
                    "name": f"{number}.pdf",
                    "raw": b"%PDF",
                    "res_model": "sale.order",
                    "res_id": self.order.id,
                }
            )
        self.document = self.filed(self.order)
        env.flush_all()
        env.cr.commit()
        with unguarded(env, "progbox_document"):
            self.fill(size)
        env.cr.execute(
            "ANALYZE progbox_document, progbox_folder, sale_order, sale_order_line,"
            " account_move, account_move_line, sale_order_line_invoice_rel,"
            " project_project, res_partner"
        )
        env.cr.commit()

    def fill(self, size):
        """Make many documents: of the records that are opened, and of others."""
        for record in (self.invoice, self.project, self.order.partner_id):
            self.copies_of(record._name, record.ids, 20)
        self.large_client = self.client("Large", orders=500, documents=10_000)
        self.client_of_5000 = self.client("Larger", orders=5_000, documents=10_000)
        self.large_project = self.project.copy({"name": "Large"})
        self.large_project.partner_id = self.large_client
        self.copies_of("project.project", self.large_project.ids, 5_000)
        of_project = {
            "partner_id": SQL("%s", self.large_client.id),
            "project_id": SQL("%s", self.large_project.id),
        }
        for model, ids in self.sold(100, 102, of_project).items():
            self.copies_of(model, ids, 2)
        self.others(size)

    def filed(self, record):
        staged = self.env["ir.attachment"]._progbox_stage([b"%PDF-1.4"])
        document, _already = self.env["progbox.document"]._progbox_drop(
            record, staged, {"name": "bench.pdf"}
        )
        return document

    def copies_of(self, model, ids, each):
        """Give each of the records as many documents, in its folder."""
        self.folders_of(model, ids)
        rows = SQL(
            "(SELECT folder.res_id AS id, folder.id AS folder_id, number"
            " FROM progbox_folder folder, generate_series(1, %s) AS number"
            " WHERE folder.res_model = %s AND folder.res_id = ANY(%s)) AS given",
            each,
            model,
            list(ids),
        )
        return copy_rows(
            self.document,
            rows,
            {
                "res_model": SQL("%s", model),
                "res_id": SQL("rows.id"),
                "folder_id": SQL("rows.folder_id"),
                "series": SQL("gen_random_uuid()::text"),
                "drop_key": SQL("NULL"),
                "name": SQL("'plan ' || rows.number || '.pdf'"),
                "document_date": SQL("DATE '2026-11-02' - rows.number"),
            },
        )

    def client(self, name, orders, documents):
        """Return a client with orders, and their invoices and projects."""
        client = self.env["res.partner"].create({"name": name})
        of_client = {"partner_id": SQL("%s", client.id)}
        # Otherwise all would be orders of the one project, which is large then.
        found = self.sold(orders, orders * 21 // 20, {**of_client, **UNLINKED})
        found["project.project"] = self.copies(self.project, orders // 3, of_client)
        self.copies_of("res.partner", client.ids, documents)
        for model, ids in found.items():
            self.copies_of(model, ids, 2)
        return client

    def sold(self, orders, invoices, values):
        """Make orders and their invoices, with their lines, one of ten the salesman's.

        :param dict values: SQL of columns of the orders; the invoices have its client
        :return: dictionary of ids, by model
        """
        client = values["partner_id"]
        sold = self.copies(self.order, orders, {**values, "user_id": self.mostly_other})
        billed = self.copies(
            self.invoice,
            invoices,
            {
                "partner_id": client,
                "commercial_partner_id": client,
                "invoice_user_id": self.mostly_other,
            },
        )
        self.link(self.lines(self.order.order_line, "order_id", sold), billed)
        return {"sale.order": sold, "account.move": billed}

    @property
    def mostly_other(self):
        """The salesman of one row of ten, somebody else of the others."""
        return SQL(
            "CASE WHEN rows.number %% 10 = 0 THEN %s ELSE %s END",
            self.users["salesman"].id,
            self.users["administrator"].id,
        )

    def link(self, sold_lines, invoices):
        """Give invoices their items: those of sold lines, and what is to be paid."""
        billing = self.invoice.invoice_line_ids
        for item in self.invoice.line_ids - billing:
            self.lines(item, "move_id", invoices)
        items = self.lines(billing, "move_id", invoices)
        # More invoices than orders: down payments of the first ones.
        lines = (sold_lines * (len(items) // len(sold_lines) + 1))[: len(items)]
        self.env.cr.execute(
            "INSERT INTO sale_order_line_invoice_rel (invoice_line_id, order_line_id)"
            " SELECT * FROM unnest(%s, %s)",
            [items, lines],
        )

    def lines(self, line, owner, ids):
        """Copy a line for each of its new owners; the ids, in the same order."""
        given = SQL("unnest(%s) AS owner(id)", list(ids))
        return copy_rows(line, given, {owner: SQL("rows.id")})

    def copies(self, record, count, values):
        numbers = SQL("generate_series(1, %s) AS number", count)
        return copy_rows(record, numbers, values)

    def others(self, size):
        """Spread documents over orders, invoices, projects and clients of others."""
        other = self.env["res.partner"].create({"name": "Others"})
        values = {"partner_id": SQL("%s", other.id)}
        count = max(1, size // 80)
        found = self.sold(count, count, {**values, **UNLINKED})
        found["project.project"] = self.copies(self.project, count, values)
        for model, ids in found.items():
            self.copies_of(model, ids, 20)
        named = {"name": SQL("'B' || rows.number"), "user_id": self.mostly_other}
        more = self.copies(self.order, size // 10, {**values, **UNLINKED, **named})
        self.last_page = self.folders_of("sale.order", more)[40]
        clients = self.copies(other, count, {"name": SQL("'Other ' || rows.number")})
        self.env.cr.execute(
            "UPDATE res_partner SET commercial_partner_id = id WHERE id = ANY(%s)",
            [clients],
        )
        self.copies_of("res.partner", clients, 20)

    def folders_of(self, model, ids):
        """Give each of the records a folder, if it has none."""
        self.env.cr.execute(
            "INSERT INTO progbox_folder"
            " (id, parent_path, res_model, res_id, company_id, locked, general)"
            " SELECT made.id, made.id || '/', %s, made.res_id, %s, FALSE, FALSE FROM ("
            "SELECT nextval('progbox_folder_id_seq') AS id, unnest(%s) AS res_id) made"
            " ON CONFLICT (res_model, res_id) WHERE res_id IS NOT NULL DO NOTHING"
            " RETURNING id",
            [model, self.env.company.id, list(ids)],
        )
        return [id_ for [id_] in self.env.cr.fetchall()]

    # ------------------------------------------------------------------
    # Measuring
    # ------------------------------------------------------------------

    @property
    def records(self):
        return {
            "order": self.order,
            "invoice": self.invoice,
            "project": self.project,
            "client": self.order.partner_id,
            "large_client": self.large_client,
            "large_project": self.large_project,
            "5000_orders": self.client_of_5000,
        }

    def openings(self):
        """Return a function for each tab and user, by the names of both."""
        openings = {}
        for login, user in self.users.items():
            for name, record in self.records.items():
                theirs = self.as_user(record, user)
                # A salesman does not read every invoice.
                if theirs.has_access("read"):
                    openings[name, login] = functools.partial(self.open, theirs)
            openings["chatter", login] = functools.partial(
                self.chatter, self.as_user(self.order, user)
            )
            openings["attach", login] = functools.partial(
                self.attach, self.as_user(self.client_of_5000, user)
            )
            folders = self.as_user(self.env["progbox.folder"], user)
            openings["tree_first", login] = functools.partial(self.tree, folders)
            openings["tree_last", login] = functools.partial(
                self.tree, folders, self.last_page
            )
            openings["tree_search", login] = functools.partial(
                self.tree_search, folders
            )
        openings["nothing", "new"] = functools.partial(
            self.nothing, self.as_user(self.env["progbox.document"], self.new)
        )
        return openings

    def as_user(self, record, user):
        return record.with_user(user).with_context(
            allowed_company_ids=self.env.company.ids
        )

    def open(self, record):
        self.env.invalidate_all(flush=False)
        assert record.progbox_tab()["groups"]

    def chatter(self, record):
        self.env.invalidate_all(flush=False)
        assert record._get_mail_thread_data_attachments().mapped("name")

    def attach(self, record):
        self.env.invalidate_all(flush=False)
        documents = record.env["progbox.document"]
        domain = [("tab_of", "=", f"{record._name},{record.id}")]
        assert documents.name_search("plan 17", domain, limit=8)

    def tree(self, folders, before=0):
        self.env.invalidate_all(flush=False)
        assert folders.tree_page(ORDERS, before)["folders"]

    def tree_search(self, folders):
        self.env.invalidate_all(flush=False)
        assert folders.tree_search("B10")["folders"]

    def nothing(self, documents):
        """What a click on "Quotations" asks for, as somebody who reads none."""
        self.env.invalidate_all(flush=False)
        folders = documents.env["progbox.folder"]
        domain = folders._progbox_root("sale.order")["domain"]
        domain += folders._tree_documents()
        assert not documents.search(domain, limit=80)
        assert not documents.search_count(domain, limit=10_000)
        assert not folders.tree_page(ORDERS)["folders"]

    def queries(self):
        """Return how many queries the tab takes that takes the most."""
        counts = []
        for (name, _login), opening in self.openings().items():
            if name not in BESIDE:
                opening()
                before = self.env.cr.sql_log_count
                opening()
                counts.append(self.env.cr.sql_log_count - before)
        return max(counts)
