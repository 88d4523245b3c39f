"""Whoever may read the record may read its documents, and nobody else."""

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .common import ProgboxCommon

# Everybody, and the groups that he has.
PEOPLE = {
    "salesman": "sales_team.group_sale_salesman",
    "member": "project.group_project_user",
    "billing_clerk": "account.group_account_invoice",
    "employee": "base.group_user",
    "boss": "base.group_user",
    "hr_officer": "hr.group_hr_user",
    "administrator": "base.group_system",
    "archive_reader": "progbox_invoice_archive.group_archive_reader",
    "archive_manager": "progbox_invoice_archive.group_archive_manager",
    "nobody": "base.group_user",
    "portal_user": "base.group_portal",
    "public_user": "base.group_public",
}
INVOICES = {"archived", "invoice", "bill"}
# Documents by name, and what each person reads of them.
READ = {
    "salesman": {"own order", "client", "open", "archived", "invoice"},
    # As Odoo has it, who works on projects and who bills read all orders.
    "member": {"own order", "other order", "client", "team project", "open"},
    "billing_clerk": {"own order", "other order", "client", "open", "for clerks"}
    | INVOICES,
    "employee": {"client", "open", "payslip"},
    "boss": {"client", "open"},
    "hr_officer": {"client", "open", "contract", "payslip"},
    "administrator": {"client", "open"},
    # Of the archive, which is theirs, and nothing more than others.
    "archive_reader": {"client", "open", "archived"},
    "archive_manager": {"client", "open", "archived"},
    "nobody": {"client", "open"},
    "portal_user": set(),
    "public_user": set(),
    "elsewhere": {"client"},
}
BY_ROLE = {"archive_reader": {"archived"}, "archive_manager": {"archived"}}
WRITE = {
    "salesman": {"own order", "open"},
    "member": {"open"},
    "billing_clerk": {"own order", "other order", "open", "for clerks"}
    | INVOICES - {"archived"},
    "employee": {"open"},
    "boss": {"open"},
    "hr_officer": {"open", "contract", "payslip"},
    "administrator": {"client", "open"},
    "archive_reader": {"open"},
    "archive_manager": {"open"},
    "nobody": {"open"},
    "portal_user": set(),
    "public_user": set(),
    "elsewhere": {"client"},
}


class RightsCommon(ProgboxCommon):
    """A document of every kind, and people with every kind of right."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.people = {
            login: cls.user_of(login, groups) for login, groups in PEOPLE.items()
        }
        other = cls.setup_other_company()["company"]
        cls.people["elsewhere"] = new_test_user(
            cls.env,
            "elsewhere",
            "account.group_account_invoice,base.group_partner_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        salesman = cls.people["salesman"]
        cls.mine = cls.order_of(cls.client, user_id=salesman.id)
        cls.theirs = cls.order_of(cls.client, user_id=cls.env.user.id)
        cls.invoice = cls.draft(invoice_user_id=salesman.id)
        cls.archived_invoice = cls.draft(invoice_user_id=salesman.id)
        cls.bill = cls.draft("in_invoice")
        projects = cls.server["project.project"].with_company(cls.company)
        cls.team_project = projects.create(
            {"name": "Site", "privacy_visibility": "followers",
             "user_id": cls.people["member"].id, "company_id": cls.company.id}
        )  # fmt: skip
        cls.team_project.message_subscribe(cls.people["member"].partner_id.ids)
        cls.secret_project = projects.create(
            {"name": "Secret", "privacy_visibility": "followers",
             "user_id": cls.env.user.id, "company_id": cls.company.id}
        )  # fmt: skip
        employees = cls.server["hr.employee"]
        boss = employees.create(
            {"name": "Boss", "user_id": cls.people["boss"].id,
             "company_id": cls.company.id}
        )  # fmt: skip
        cls.employee = employees.create(
            {"name": "Ion", "user_id": cls.people["employee"].id,
             "company_id": cls.company.id, "parent_id": boss.id}
        )  # fmt: skip
        types = cls.server["progbox.document.type"]
        cls.open_type = types.create(
            {"name": "Payslip", "code": "test_payslip", "employee_may_read": True}
        )
        cls.closed_type = types.create({"name": "Contract", "code": "test_contract"})
        cls.documents_by_name = {
            "own order": cls.filed(cls.mine),
            "other order": cls.filed(cls.theirs),
            "client": cls.filed(cls.client),
            "invoice": cls.filed(cls.invoice),
            "bill": cls.filed(cls.bill),
            "archived": cls.archived_for(cls.archived_invoice),
            "team project": cls.filed(cls.team_project),
            "secret project": cls.filed(cls.secret_project),
            "contract": cls.filed(cls.employee, type_id=cls.closed_type.id),
            "payslip": cls.filed(cls.employee, type_id=cls.open_type.id),
            "open": cls.filed_in(cls.general("Insurance")),
            "for clerks": cls.filed_in(
                cls.general("Bank", "account.group_account_invoice")
            ),
        }
        cls.every = cls.server["progbox.document"].union(
            *cls.documents_by_name.values()
        )

    @classmethod
    def filed(cls, record, **values):
        """Return a document of a record, as the server files it."""
        folder = cls.server["progbox.folder"]._progbox_of_record(
            record.with_env(cls.server)
        )
        folder.company_id = record.company_id
        return cls.filed_in(folder, res_model=record._name, res_id=record.id, **values)

    @classmethod
    def filed_in(cls, folder, **values):
        types = cls.server["progbox.document.type"]
        return cls.server["progbox.document"]._create_with_file(
            {
                "name": "SECRET.pdf",
                "mimetype": "application/pdf",
                "folder_id": folder.id,
                "company_id": folder.company_id.id,
                "type_id": types._of_codes("other").id,
                **values,
            },
            cls.server["ir.attachment"]._progbox_stage([b"%PDF SECRET"]),
        )

    @classmethod
    def general(cls, name, group=None):
        return cls.server["progbox.folder"].create(
            {
                "name": name,
                "general": True,
                "company_id": cls.company.id,
                "group_ids": group and [Command.link(cls.env.ref(group).id)],
            }
        )

    def named(self, documents):
        return {
            name
            for name, document in self.documents_by_name.items()
            if document.id in documents.ids
        }


@tagged("post_install", "-at_install")
class TestRights(RightsCommon):
    def test_everybody_finds_what_he_may_read(self):
        for login, user in self.people.items():
            with self.subTest(login=login):
                documents = self.every.with_user(user)
                if login in ("portal_user", "public_user"):
                    with self.assertRaises(AccessError):
                        documents.search([])
                    continue
                found = documents.search([("id", "in", self.every.ids)])
                self.assertEqual(self.named(found), READ[login])

    def test_everybody_reads_what_he_finds(self):
        for login, user in self.people.items():
            for name, document in self.documents_by_name.items():
                with self.subTest(login=login, name=name):
                    theirs = document.with_user(user)
                    theirs.invalidate_recordset()
                    self.assertEqual(theirs.has_access("read"), name in READ[login])
                    for read in (
                        lambda theirs=theirs: theirs.read(["name"]),
                        lambda theirs=theirs: theirs.web_read({"name": {}}),
                        lambda theirs=theirs: theirs._export_rows([["name"]]),
                        lambda theirs=theirs: theirs.content,
                    ):
                        if name in READ[login]:
                            self.assertTrue(read())
                        else:
                            with self.assertRaises(AccessError):
                                read()

    def test_writable_is_what_the_record_says(self):
        for login, user in self.people.items():
            with self.subTest(login=login):
                documents = self.every.with_user(user).sudo()
                self.assertEqual(
                    self.named(documents.filtered("writable")), WRITE[login]
                )
                # What is archived, roles of the archive read by its own rules.
                self.assertEqual(
                    self.named(documents.filtered("readable")),
                    READ[login] - BY_ROLE.get(login, set()),
                )

    def test_lists_names_and_sums_ask_the_same(self):
        inside = [("id", "in", self.every.ids)]
        for login, user in self.people.items():
            if not READ[login]:
                continue
            with self.subTest(login=login):
                documents = self.every.with_user(user).browse()
                count = len(READ[login])
                self.assertEqual(documents.search_count(inside), count)
                self.assertEqual(
                    len(documents.name_search("SECRET", domain=inside)),
                    len(READ[login] - {"archived"}),
                )
                [[summed]] = documents._read_group(inside, [], ["__count"])
                self.assertEqual(summed, count)
                unreadable = documents.search([*inside, ("readable", "=", False)])
                self.assertEqual(self.named(unreadable), BY_ROLE.get(login, set()))

    def test_nobody_changes_anything_by_the_orm(self):
        for login, user in self.people.items():
            for name, document in self.documents_by_name.items():
                with self.subTest(login=login, name=name):
                    theirs = document.with_user(user)
                    for refused in (
                        lambda theirs=theirs: theirs.write({"name": "mine.pdf"}),
                        lambda theirs=theirs: theirs.unlink(),
                        lambda theirs=theirs: theirs.folder_id.write({"name": "x"}),
                    ):
                        with self.assertRaises(UserError):
                            refused()
        self.assertEqual(len(self.every.exists()), len(self.documents_by_name))
        self.assertEqual(set(self.every.mapped("name")), {"SECRET.pdf", "INV.pdf"})

    def test_folders_follow_their_record(self):
        below = {
            name: self.server["progbox.folder"].create(
                {
                    "name": "Below",
                    "parent_id": document.folder_id.id,
                    "company_id": document.folder_id.company_id.id,
                }
            )
            for name, document in self.documents_by_name.items()
            # One of the two documents of the employee, who has one folder.
            if name not in ("archived", "contract")
        }
        for login, user in self.people.items():
            for name, folder in below.items():
                for one in (folder, folder.parent_id):
                    with self.subTest(login=login, name=name, folder=one.name):
                        # Folders say more than a document that is meant for him.
                        readable = name in READ[login] and (login, name) != (
                            "employee",
                            "payslip",
                        )
                        theirs = one.with_user(user)
                        self.assertEqual(theirs.has_access("read"), readable)
                        self.assertEqual(theirs.sudo().readable, readable)
                        self.assertEqual(theirs.sudo().writable, name in WRITE[login])

    def test_the_trash_is_for_those_who_may_write(self):
        documents = self.every - self.documents_by_name["archived"]
        documents.trashed_on = "2026-11-02 12:00:00"
        for login, user in self.people.items():
            with self.subTest(login=login):
                theirs = self.every.with_user(user)._filtered_access("read")
                self.assertEqual(
                    self.named(theirs), WRITE[login] | READ[login] & {"archived"}
                )

    def test_of_a_record_that_is_gone_whoever_deleted_it_keeps_the_documents(self):
        document = self.filed(self.order_of(self.client))
        document.trashed_on = "2026-11-02 12:00:00"
        self.env["sale.order"].browse(document.res_id).unlink()
        for deleted_by, readers in (
            (False, {"administrator"}),
            (self.people["salesman"], {"administrator", "salesman"}),
        ):
            document.trashed_by = deleted_by
            found = {
                login
                for login, user in self.people.items()
                if document.with_user(user).has_access("read")
            }
            self.assertEqual(found, readers)

    def test_rights_count_from_the_moment_they_change(self):
        document = self.documents_by_name["other order"]
        theirs = document.with_user(self.people["salesman"])
        self.assertFalse(theirs.has_access("read"))
        self.theirs.user_id = self.people["salesman"]
        self.assertTrue(theirs.has_access("read"))
        self.theirs.user_id = self.env.user
        self.assertFalse(theirs.has_access("read"))

    def test_what_all_companies_share_has_no_company(self):
        shared = self.documents_by_name["client"]
        self.assertFalse(shared.company_id)
        self.assertTrue(shared.with_user(self.people["elsewhere"]).has_access("read"))
        self.client.company_id = self.company
        self.assertEqual(shared.company_id, self.company)
        self.assertEqual(shared.folder_id.company_id, self.company)
        self.assertFalse(shared.with_user(self.people["elsewhere"]).has_access("read"))

    def test_postgresql_does_not_compile_the_rights(self):
        for model in ("progbox.document", "progbox.folder"):
            self.env.cr.execute("SET LOCAL jit = on")
            self.env[model].with_user(self.people["salesman"]).search([], limit=1)
            self.env.cr.execute("SHOW jit")
            self.assertEqual(self.env.cr.fetchone(), ("off",))

    def test_a_zip_holds_what_one_may_read(self):
        inside = [("id", "in", self.every.ids)]
        for login in ("salesman", "employee", "billing_clerk"):
            with self.subTest(login=login):
                user = self.people[login]
                answer = self.env["progbox.zip"].with_user(user).start(inside)
                # Those that companies share are among them.
                self.assertEqual(answer["documents"], len(READ[login]))
                ticket = int(answer["url"].rpartition("/")[2])
                tickets = self.env["progbox.zip.ticket"].with_user(user)
                companies, domain, _stem = tickets.browse(ticket)._redeem()
                package = self.env["progbox.package"].with_user(user)
                files = package._package(companies, domain, look=False).files
                self.assertEqual(len(files), len(READ[login]))

    def test_employees_open_a_tab_of_what_is_meant_for_them(self):
        employee = self.employee
        for login, found in (
            ("employee", {"payslip"}),
            ("hr_officer", {"payslip", "contract"}),
        ):
            with self.subTest(login=login):
                tab = employee.with_user(self.people[login]).progbox_tab()
                self.assertEqual([group["key"] for group in tab["groups"]], ["own"])
                self.assertEqual(tab["writable"], login == "hr_officer")
                self.assertEqual(tab["attachments"], login == "hr_officer")
                ids = [item["id"] for item in tab["groups"][0]["items"]]
                self.assertEqual(self.named(self.every.browse(ids)), found)
        for login in ("boss", "administrator", "nobody", "portal_user"):
            with self.subTest(login=login), self.assertRaises(AccessError):
                employee.with_user(self.people[login]).progbox_tab()

    def test_an_administrator_without_hr_rights_reads_no_employee_documents(self):
        employee = self.employee.with_user(self.people["administrator"])
        self.assertTrue(employee.has_access("read"))
        for operation in ("read", "write"):
            with self.assertRaises(AccessError):
                employee._progbox_check_access(operation)

    def test_archived_documents_show_in_the_tab_of_whoever_reads_the_invoice(self):
        invoice = self.archived_invoice.with_user(self.people["salesman"])
        [item] = invoice.progbox_tab()["groups"][0]["items"]
        self.assertEqual(item["id"], self.documents_by_name["archived"].id)
        self.assertTrue(item["locked"])
        self.assertFalse(item["writable"])
        # Whose folder it is in, the archive's readers alone see.
        self.assertEqual(item["folderName"], invoice.display_name)

    def test_moving_opens_nothing_to_the_employee(self):
        officer, boss = self.people["hr_officer"], self.employee.parent_id
        document = self.dropped(
            self.employee, "may.pdf", officer, type_id=self.open_type.id
        ).with_user(officer)
        seen_by_boss = document.with_user(self.people["boss"])
        text = document.progbox_move("hr.employee", boss.id)
        self.assertIn("choose the type again", text)
        self.assertFalse(document.sudo().type_id.employee_may_read)
        self.assertFalse(seen_by_boss.has_access("read"))
        self.assertIn("Payslip", document.progbox_history()[0]["text"])
        # What a person opens there stays open there.
        document.progbox_set_type(self.open_type.id)
        self.assertIs(document.progbox_move("hr.employee", boss.id), True)
        self.assertTrue(seen_by_boss.has_access("read"))
