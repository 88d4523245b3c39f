import io
import zipfile

from odoo import Command
from odoo.http import Request
from odoo.tests import new_test_user

from .common import PDF, ArchiveCommon
from .http_common import PatientCase

# The folders that are not the archive's are of this model's records.
PLAIN = "project.project"


class ShareCommon(ArchiveCommon):
    """A manager who shares, accountants outside, and documents of two months."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_test_user(
            cls.env,
            "share_manager",
            "progbox_invoice_archive.group_archive_manager",
            name="Marie Manager",
            email="marie@example.com",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls.november = cls.archived_without_render("INV/11", "2026-11-02")
        cls.october = cls.archived_without_render("INV/10", "2026-10-02")
        cls.month = cls.november.folder_id
        cls.year = cls.month.parent_id
        cls.root = cls.year.parent_id
        cls.anna, cls.boris = (
            new_test_user(
                cls.env,
                login,
                "base.group_portal",
                name=login.split("@")[0].title(),
                email=login,
                company_id=cls.company.id,
                company_ids=[Command.set(cls.company.ids)],
            )
            for login in ("anna@example.com", "boris@example.com")
        )
        cls.log = cls.server["progbox.access.log"]
        cls.open_plain_folders()

    @classmethod
    def share_with(cls, folder, user, **vals):
        """Share a folder with a contact who has a login."""
        share, _token = cls.shares()._share(
            folder.with_user(cls.manager),
            {
                "kind": "portal",
                "partner_id": user.partner_id.id,
                "recipient_name": user.name,
                "email": user.email,
                "lang": "en_US",
                "include_future": True,
                **vals,
            },
        )
        return share.with_env(cls.server)

    @classmethod
    def link(cls, folder, **vals):
        """Return a share by link, and its token."""
        share, token = cls.shares()._share(
            folder.with_user(cls.manager),
            {"kind": "link", "lang": "en_US", "include_future": True, **vals},
        )
        return share.with_env(cls.server), token

    @classmethod
    def shares(cls):
        return cls.env["progbox.share"].with_user(cls.manager)

    @classmethod
    def wizard(cls, folder=None, **vals):
        wizards = cls.env["progbox.share.wizard"].with_user(cls.manager)
        return wizards.create({"folder_id": (folder or cls.month).id, **vals})

    @classmethod
    def by_the_clock(cls, share, interval="-1 second"):
        """Let a share expire as time does: nobody tells the ORM."""
        cls.env.flush_all()
        cls.env.cr.execute(
            """UPDATE progbox_share SET expires_on =
            clock_timestamp() AT TIME ZONE 'UTC' + %s::interval WHERE id = %s""",
            (interval, share.id),
        )

    @classmethod
    def open_plain_folders(cls):
        """Let readers read the folders of projects, as another add-on could."""
        for model, field in (
            ("progbox.folder", "res_model"),
            ("progbox.document", "folder_id.res_model"),
        ):
            cls.env["ir.rule"].create(
                {
                    "name": f"Plain folders: {model}",
                    "model_id": cls.env["ir.model"]._get_id(model),
                    "groups": [
                        Command.link(
                            cls.env.ref(
                                "progbox_invoice_archive.group_archive_reader"
                            ).id
                        )
                    ],
                    "domain_force": f"[({field!r}, '=', {PLAIN!r})]",
                }
            )

    @classmethod
    def plain_folder(cls, name, parent=None):
        """Return a new folder that is not the archive's, and that readers read."""
        return cls.server["progbox.folder"].create(
            {
                "name": name,
                "parent_id": parent and parent.id,
                "company_id": cls.company.id,
                "res_model": PLAIN,
            }
        )

    @classmethod
    def plain_document(cls, name, content=PDF, mimetype="application/pdf"):
        """Return a document of an ordinary folder, with whatever is in it."""
        folder = cls.server["progbox.folder"].search(
            [("name", "=", "Odds"), ("company_id", "=", cls.company.id)]
        ) or cls.plain_folder("Odds")
        document = cls.server["progbox.document"].create(
            {
                "name": name,
                "folder_id": folder.id,
                "company_id": cls.company.id,
                "type_id": cls.env.ref(
                    "progbox_invoice_archive.document_type_other"
                ).id,
                "mimetype": mimetype,
                "size": len(content),
            }
        )
        attachments = cls.server["ir.attachment"]
        attachments._progbox_adopt(
            attachments._progbox_stage([content]),
            {
                "name": name,
                "mimetype": mimetype,
                "res_model": document._name,
                "res_id": document.id,
                "res_field": "content",
            },
        )
        return document

    @classmethod
    def install_language(cls, code):
        """Activate a language, and load what the templates say in it."""
        cls.env["res.lang"]._activate_lang(code)
        cls.env.ref("base.module_progbox_invoice_archive")._update_translations([code])

    def lines(self, share, *kinds):
        self.env.invalidate_all()
        domain = [("share_ref", "=", share.id)]
        if kinds:
            domain.append(("kind", "in", kinds))
        return self.log.search(domain, order="id")


class PortalCommon(ShareCommon, PatientCase):
    """Whoever has a share, at his browser."""

    def get(self, url, **options):
        """Return the response, as a browser gets it that follows nothing."""
        self.env.flush_all()
        response = self.url_open(url, allow_redirects=False, **options)
        self.env.invalidate_all()
        return response

    def press(self, url, **options):
        """Return the response to a button of a page."""
        token = Request.csrf_token(self)
        return self.get(url, data={"csrf_token": token}, method="POST", **options)

    def zips_are_large(self):
        """Have every zip prepared in the background."""
        self.env["ir.config_parameter"].set_param(
            "progbox_invoice_archive.zip_limit", "0.000001"
        )

    def names(self, response):
        """Return the names of the files in a zip."""
        return zipfile.ZipFile(io.BytesIO(response.content)).namelist()

    def built(self, export):
        """Return a large zip, after a worker has been at it."""
        self.env.flush_all()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            job = self.server["progbox.export"].browse(export.id)
            job = job.with_env(job.env(cr=cr))
            job._job_begin_attempt()
            cr.commit()  # pylint: disable=invalid-commit
            job._job_process()
        self.env.invalidate_all()
        return export
