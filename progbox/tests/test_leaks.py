"""Who gets what of a record's files: the table of the archive, for the tab.

Every address of the add-on, and every door of Odoo, is asked for a file of a quotation
by each kind of person of the archive, and by those who work with quotations.
"""

from odoo.tests import tagged

from odoo.addons.progbox_invoice_archive.tests.leaks_common import PEOPLE, LeaksCommon

SELLERS = {"salesman": "seller", "other salesman": "other", "member": "member"}
# As Odoo has it, who works on projects and who bills read all orders.
READERS = {"salesman", "member", "accountant"}
# Each address, and who gets the file of the quotation there.
ROUTES = {
    # Takes bytes, and gives none to anybody.
    "/progbox/upload/<int:upload_id>": set(),
    "/progbox/attachment/<string:model>/<int:record_id>/<int:attachment_id>": READERS,
}
# Addresses of Odoo and of the archive, and who gets the document there.
DOORS = {
    "/web/content/progbox.document/{document}/content": READERS,
    "/web/image/progbox.document/{document}/content": READERS,
    "/web/content/{content}": READERS,
    "/web/content/{content}?download=1": READERS,
    "/web/image/{content}": READERS,
    "/web/content/progbox.upload/{upload}/part": set(),
    # A ticket is for whom it was made.
    "/progbox/zip/{ticket}": {"salesman"},
    "/progbox/zip/folder/{folder}": READERS,
}


@tagged("post_install", "-at_install")
class TestTabLeaks(LeaksCommon):
    addon = "progbox"
    people = PEOPLE | SELLERS

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for login in ("seller", "other"):
            cls.user_of(login, "sales_team.group_sale_salesman")
        cls.user_of("member", "project.group_project_user")
        cls.seller = cls.env["res.users"].search([("login", "=", "seller")])
        order = cls.server["sale.order"].create(
            {
                "partner_id": cls.client.id,
                "company_id": cls.company.id,
                "user_id": cls.seller.id,
            }
        )
        cls.order = order.with_user(cls.seller)
        cls.document, _already = cls.order.env["progbox.document"]._progbox_drop(
            cls.order,
            cls.server["ir.attachment"]._progbox_stage([b"%PDF SECRET"]),
            {"name": "SECRET.pdf"},
        )
        message = cls.order.message_post(
            body="Here", attachments=[("SECRET too.pdf", b"%PDF SECRET")]
        )
        cls.attached = message.attachment_ids
        uploads = cls.order.env["progbox.upload"]
        file = {"name": "SECRET.pdf", "size": 11}
        [begun] = uploads.begin("sale.order", cls.order.id, [file])
        cls.upload = uploads.browse(begun["id"])

    def values(self):
        document = self.document.sudo()
        zips = self.env["progbox.zip"].with_user(self.seller)
        ticket = zips.start([("id", "=", document.id)])["url"].rpartition("/")[2]
        return {
            "document": document.id,
            "content": document._content_attachment().id,
            "folder": document.folder_id.id,
            "upload": self.upload.id,
            "ticket": ticket,
        }

    def fill(self, route):
        for name, value in {
            "<int:upload_id>": self.upload.id,
            "<string:model>": "sale.order",
            "<int:record_id>": self.order.id,
            "<int:attachment_id>": self.attached.id,
        }.items():
            route = route.replace(name, str(value))
        return route

    def test_no_address_is_without_an_expectation(self):
        self.assertEqual(self.routes(), set(ROUTES))

    def test_every_address_as_everybody(self):
        self.ask(ROUTES, self.fill)

    def test_every_door_as_everybody(self):
        # Made anew for each question: a ticket may be used once.
        self.ask(DOORS, lambda door: door.format(**self.values()))

    def test_nobody_deletes_by_the_door_of_the_messages(self):
        content = self.document.sudo()._content_attachment()
        for login in self.people.values():
            self.authenticate(login, login)
            with self.subTest(login=login):
                self.url_open(
                    "/mail/attachment/delete",
                    json={"params": {"attachment_id": content.id}},
                )
                self.assertTrue(content.exists())
