from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..models import document_values, progbox_mixin, record_folders
from ..tools import tab_query
from .common import ProgboxCommon


@tagged("post_install", "-at_install")
class TestTab(ProgboxCommon):
    """What the tab of a record says."""

    def test_own_group_is_there_even_when_empty(self):
        tab = self.order.progbox_tab()
        [own] = tab["groups"]
        self.assertTrue(tab["writable"])
        self.assertEqual(
            own,
            {
                "key": "own",
                "model": "sale.order",
                "title": own["title"],
                "records": 1,
                "documents": 0,
                "capped": False,
                "asRecords": False,
                "items": [],
                "more": False,
            },
        )
        self.assertEqual(self.order.progbox_tab_count(), {"count": 0, "capped": False})

    def test_a_document_as_the_client_gets_it(self):
        document = self.dropped(self.order)
        [own] = self.order.progbox_tab()["groups"]
        [item] = own["items"]
        self.assertEqual(
            {key: value for key, value in item.items() if key != "createdOn"},
            {
                "id": document.id,
                "name": "plan.pdf",
                "typeId": document.type_id.id,
                "typeName": document.type_id.name,
                "mimetype": document.mimetype or "",
                "size": document.size,
                "digest": document.sha256,
                "date": document.document_date and str(document.document_date),
                "createdBy": self.env.user.name,
                "resModel": "sale.order",
                "resId": self.order.id,
                "recordName": self.order.display_name,
                "folderId": document.folder_id.id,
                "folderName": self.order.display_name,
                "version": 1,
                "versions": 1,
                "locked": False,
                "writable": True,
                "marks": [],
            },
        )
        self.assertEqual(self.order.progbox_tab_count()["count"], 1)

    def test_pages_go_on_where_the_first_one_ends(self):
        documents = [self.dropped(self.order, f"{n}.pdf") for n in range(23)]
        [own] = self.order.progbox_tab()["groups"]
        page = self.order.progbox_tab_page("own", offset=20, limit=2)
        last = self.order.progbox_tab_page("own", offset=22, limit=2)
        shown = [item["id"] for part in (own, page, last) for item in part["items"]]
        self.assertEqual(shown, [document.id for document in reversed(documents)])
        self.assertEqual((own["more"], page["more"], last["more"]), (True, True, False))

    def test_each_column_sorts_all_pages(self):
        types = self.env["progbox.document.type"]
        plan, cheque = (types._of_codes(code) for code in ("plan", "cheque_copy"))
        other = self.user_of("zoe", "sales_team.group_sale_manager")
        values = (
            ("Élan.pdf", {"type_id": plan.id, "content": b"%PDF-1.4 long"}),
            ("zinc.pdf", {"type_id": cheque.id, "user": other, "content": b"%PDF-1.4"}),
            ("Acier.pdf", {"type_id": plan.id, "content": b"%PDF-1.4 longest"}),
        )
        for name, kind in values:
            self.dropped(self.order, name, **kind)
        for sorted_by, names in (
            ("name asc", "Acier.pdf Élan.pdf zinc.pdf"),
            ("name desc", "zinc.pdf Élan.pdf Acier.pdf"),
            ("type asc", "zinc.pdf Acier.pdf Élan.pdf"),
            ("size desc", "Acier.pdf Élan.pdf zinc.pdf"),
            ("size asc", "zinc.pdf Élan.pdf Acier.pdf"),
            ("date asc", "Acier.pdf zinc.pdf Élan.pdf"),
            ("person desc", "zinc.pdf Acier.pdf Élan.pdf"),
            ("id; DROP TABLE", "Acier.pdf zinc.pdf Élan.pdf"),
            (["name asc"], "Acier.pdf zinc.pdf Élan.pdf"),
        ):
            with (
                self.subTest(sorted_by=sorted_by),
                patch.object(progbox_mixin, "PAGE", 2),
            ):
                [own] = self.order.progbox_tab("", sorted_by)["groups"]
                page = self.order.progbox_tab_page("own", 1, 2, "", sorted_by)
                shown = self.names(own)[:1] + self.names(page)
                self.assertEqual(" ".join(shown), names)
                folder = self.env["progbox.folder"]._progbox_known(self.order)
                inside = folder.progbox_documents(sorted_by=sorted_by)
                self.assertEqual(" ".join(self.names(inside)), names)

    def test_the_newest_of_too_many_come_first_whatever_is_chosen(self):
        for name in ("b.pdf", "a.pdf", "c.pdf"):
            self.dropped(self.order, name)
        folder = self.env["progbox.folder"]._progbox_known(self.order)
        for most, names in ((2, "c.pdf a.pdf b.pdf"), (3, "a.pdf b.pdf c.pdf")):
            with (
                self.subTest(most=most),
                patch.object(tab_query, "MOST", most),
                patch.object(record_folders, "MOST", most),
            ):
                [own] = self.order.progbox_tab("", "name asc")["groups"]
                page = self.order.progbox_tab_page("own", sorted_by="name asc")
                inside = folder.progbox_documents(sorted_by="name asc")
                for found in (own, page, inside):
                    self.assertEqual(" ".join(self.names(found)), names)

    def test_relatives_are_sorted_by_their_names(self):
        orders = [self.order_of(self.client, name=name) for name in ("Q9", "q10", "É1")]
        for order in orders:
            self.dropped(order, f"{order.name}.pdf")
        for sorted_by, names in (
            ("record asc", ["É1.pdf", "q10.pdf", "Q9.pdf"]),
            ("record desc", ["Q9.pdf", "q10.pdf", "É1.pdf"]),
        ):
            [_own, group] = self.client.progbox_tab("", sorted_by)["groups"]
            self.assertEqual(self.names(group), names)

    def test_the_names_of_a_kind_of_records_take_one_query(self):
        for record in (self.client, self.order):
            place = (record._name, record.id)
            names = document_values.record_names(self.env, {place})
            self.env.invalidate_all()
            with self.subTest(place=place), self.assertQueryCount(1):
                self.assertEqual(document_values.record_names(self.env, {place}), names)

    def test_counting_ends_at_a_limit(self):
        for number in range(4):
            self.dropped(self.order, f"{number}.pdf")
        for most, capped in ((3, True), (4, False)):
            with (
                self.subTest(most=most),
                patch.object(tab_query, "MOST", most),
                patch.object(progbox_mixin, "MOST", most),
            ):
                [own] = self.order.progbox_tab()["groups"]
                self.assertEqual((own["documents"], own["capped"]), (most, capped))
                count = self.order.progbox_tab_count()
                self.assertEqual(count, {"count": most, "capped": capped})

    def test_earlier_versions_do_not_count(self):
        plan = self.dropped(self.order)
        self.dropped(self.order, "photo.jpg")
        self.dropped(self.order, "new.pdf", replaces=plan.id)
        [own] = self.order.progbox_tab()["groups"]
        self.assertEqual(set(self.names(own)), {"new.pdf", "photo.jpg"})
        self.assertEqual(own["documents"], 2)
        self.assertEqual(self.order.progbox_tab_count()["count"], 2)
        with patch.object(tab_query, "RECORDS", 0):
            [_own, group] = self.client.progbox_tab()["groups"]
            self.assertEqual((group["asRecords"], group["documents"]), (True, 2))
            [record] = self.client.progbox_tab_page("quotations")["records"]
        self.assertEqual(record["documents"], 2)

    def test_search_ignores_accents_and_case(self):
        self.dropped(self.order, "Décompte final.pdf")
        self.dropped(self.order, "Situație.pdf")
        for text, found in (
            ("DECOMPTE", ["Décompte final.pdf"]),
            ("situatie", ["Situație.pdf"]),
            ("SITUAȚIE", ["Situație.pdf"]),
            ("100%", []),
        ):
            with self.subTest(text=text):
                [own] = self.order.progbox_tab(text)["groups"]
                self.assertEqual(self.names(own), found)

    def test_a_group_that_is_not_there_is_said(self):
        with self.assertRaisesRegex(UserError, "Reload the page"):
            self.order.progbox_tab_page("staff")

    def test_who_may_not_read_the_record_opens_no_tab(self):
        order = self.order.with_user(self.plain)
        for call in (order.progbox_tab, lambda: order.progbox_tab_page("own")):
            with self.assertRaises(AccessError):
                call()
        self.assertEqual(order.progbox_tab_count()["count"], 0)
