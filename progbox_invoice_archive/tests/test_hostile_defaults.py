import json
from datetime import timedelta

from freezegun import freeze_time

from odoo import Command, fields
from odoo.models import MAGIC_COLUMNS
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL

from .verification_common import VerificationCommon

NOW = "2026-11-20 10:00:00"

# What somebody could have a field begin with, by its type.
HOSTILE = {
    "binary": "aG9zdGlsZQ==",
    "boolean": True,
    "char": "hostile",
    "date": "2031-01-01",
    "datetime": "2031-01-01 00:00:00",
    "float": 7.5,
    "html": "<p>hostile</p>",
    "integer": 7,
    "json": {"part": "gone"},
    "many2many": [1],
    "many2one": 1,
    "many2one_reference": 7,
    "monetary": 7.5,
    # The rows of another model: their own fields have hostile defaults, too.
    "one2many": [[6, 0, [1]]],
    "reference": "res.partner,1",
    "text": "hostile",
}


@tagged("post_install", "-at_install")
class TestHostileDefaults(VerificationCommon):
    """No default of the database, or of the caller's context, reaches a record."""

    INVOICES = 2

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.own_models = [
            name
            for name, model in sorted(cls.server.registry.items())
            if name.startswith("progbox.") and not model._abstract
        ]
        cls.manager = new_test_user(
            cls.env,
            "defaults_manager",
            "progbox_invoice_archive.group_archive_manager",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    def hostile(self, model, prefix=""):
        """Return hostile values by the names of all stored fields of a model.

        :param str prefix: of the names of the fields that are meant
        """
        values = {}
        for name, field in model._fields.items():
            if name in MAGIC_COLUMNS or not name.startswith(prefix):
                continue
            if not (field.store or field.type == "one2many"):
                continue
            if field.type == "selection":
                values[name] = field.get_values(self.server)[-1]
            else:
                # A type that is not in the list is one that nobody has tried.
                values[name] = HOSTILE[field.type]
        return values

    def added(self):
        """Return hostile values of what the archive adds to records of Odoo's."""
        return {
            name: values
            for name, model in sorted(self.server.registry.items())
            if not (name.startswith("progbox.") or model._abstract or model._transient)
            and (values := self.hostile(self.server[name], "progbox_"))
        }

    def set_hostile_defaults(self):
        """Set a default for every stored field of every model of ours."""
        chosen = {
            (name, field): value
            for name in self.own_models
            for field, value in self.hostile(self.server[name]).items()
        }
        chosen |= {
            (name, field): value
            for name, values in self.added().items()
            for field, value in values.items()
        }
        # Of Odoo's own models those that would open a file, or hide an alert.
        chosen |= {
            ("ir.attachment", "public"): True,
            ("ir.attachment", "type"): "url",
            ("ir.attachment", "url"): "https://example.com",
            ("mail.mail", "email_cc"): "stranger@example.com",
            ("mail.mail", "email_to"): "stranger@example.com",
            ("mail.mail", "scheduled_date"): "2031-01-01 00:00:00",
            ("mail.mail", "state"): "cancel",
            ("mail.activity", "active"): False,
        }
        self.set_defaults(chosen)
        return len(chosen)

    def set_defaults(self, chosen):
        """Set defaults in the database, in the place of earlier ones of these fields.

        :param dict chosen: values by (model, field)
        """
        columns = self.server["ir.model.fields"]
        texts = {
            columns._get(*key).id: json.dumps(value) for key, value in chosen.items()
        }
        self.env.flush_all()
        self.env.cr.execute(
            SQL("DELETE FROM ir_default WHERE field_id = ANY(%s)", list(texts))
        )
        self.env.cr.execute(
            SQL(
                "INSERT INTO ir_default (field_id, json_value) VALUES %s",
                SQL(", ").join(SQL("(%s, %s)", *row) for row in texts.items()),
            )
        )
        self.env.registry.clear_cache()
        self.addCleanup(self.env.registry.clear_cache)
        self.env.invalidate_all()

    def defaults(self, names, **context):
        """Return what the records of these models begin with; what is drawn not."""
        found = {}
        with freeze_time(NOW):
            for name in names:
                model = self.server[name].with_context(**context)
                first, again = (model.default_get(list(model._fields)) for _ in "ab")
                found[name] = {
                    key: value for key, value in first.items() if again[key] == value
                }
        return found

    def test_no_model_of_ours_takes_one(self):
        before = self.defaults(self.own_models)
        self.assertGreater(self.set_hostile_defaults(), 300)
        self.assertEqual(self.defaults(self.own_models), before)

    def test_no_selection_takes_any_of_its_values(self):
        selections = {
            (name, field): self.server[name]._fields[field].get_values(self.server)
            for name, values in [
                *((name, self.hostile(self.server[name])) for name in self.own_models),
                *self.added().items(),
            ]
            for field in values
            if self.server[name]._fields[field].type == "selection"
        }
        self.assertIn(("progbox.verification.finding", "kind"), selections)
        before = {key: self.begins_with(*key) for key in selections}
        for turn in range(max(map(len, selections.values()))):
            chosen = {
                key: values[turn]
                for key, values in selections.items()
                if turn < len(values)
            }
            self.set_defaults(chosen)
            for key, value in chosen.items():
                with self.subTest(field=key, value=value):
                    self.assertEqual(self.begins_with(*key), before[key])

    def begins_with(self, name, field):
        return self.server[name].default_get([field])

    def test_nor_what_is_added_to_a_model_of_odoo(self):
        added = self.added()
        self.assertIn("progbox_archive_started", added["res.company"])
        before = self.begin_with(added)
        self.set_hostile_defaults()
        self.assertEqual(self.begin_with(added), before)

    def begin_with(self, added):
        """Return what the archive's fields begin with on records of Odoo's."""
        with freeze_time(NOW):
            return {
                name: self.server[name].default_get(list(values))
                for name, values in added.items()
            }

    def test_no_record_of_the_server_s_takes_one_of_the_caller(self):
        names = [
            name
            for name in self.own_models
            if issubclass(
                self.server.registry[name],
                self.server.registry["progbox.own.values.mixin"],
            )
        ]
        self.assertGreater(len(names), 10)
        before = self.defaults(names)
        for name in names:
            context = {
                f"default_{field}": value
                for field, value in self.hostile(self.server[name]).items()
            }
            with self.subTest(model=name):
                self.assertEqual(self.defaults([name], **context)[name], before[name])

    def test_the_archive_works_as_ever(self):
        self.set_hostile_defaults()
        intact = self.verify()
        self.assertIntact(intact)
        self.assertEqual((intact.position, intact.files), (2, 2))
        move = self.filed()
        document = self.documents(move)
        self.assertEqual((document.version, document.number), (1, move.name))
        self.assertTrue(document.folder_id.locked)
        attachment = document._content_attachment()
        self.assertEqual((attachment.public, attachment.type), (False, "binary"))
        closings = self.server["progbox.closing"]
        # After all that is sealed, on whatever day: November is due by then.
        with freeze_time(fields.Datetime.now() + timedelta(days=50)):
            closing = closings._close_due(self.company)[0]
        self.assertEqual((closing.number, closing.document_count), (1, 3))
        share, token = (
            self.env["progbox.share"]
            .with_user(self.manager)
            ._share(
                document.folder_id.with_user(self.manager),
                {"kind": "link", "lang": "en_US", "include_future": True},
            )
        )
        self.assertTrue(token)
        self.assertFalse(share.sudo().revoked_on or share.sudo().expires_on)
        path = self.path(move)
        content = path.read_bytes()
        self.addCleanup(path.write_bytes, content)
        path.write_bytes(b"forged")
        doomed = self.moves[0]
        number = doomed.name
        doomed.button_draft()
        doomed.with_context(force_delete=True).unlink()
        note = self.server["progbox.source.deletion"].search([("number", "=", number)])
        self.assertEqual((note.state, note.number), ("pending", number))
        run = self.verify()
        self.assertEqual(self.found(run), {("file_changed", move.name)})
        self.assertFalse(run.finding_ids.acknowledged_on)
        alerts = self.env["mail.activity"]._progbox_open_alerts(
            self.company, "progbox_invoice_archive.mail_activity_type_integrity"
        )
        self.assertEqual(len(alerts), 1)
