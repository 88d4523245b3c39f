import base64

from .common import ArchiveCommon

FORGED = b"%PDF-1.4\n% not what was archived\n%%EOF\n"
FORGED64 = base64.b64encode(FORGED).decode()


class GuardsCommon(ArchiveCommon):
    """A sealed document, everybody who could attack it, and what must not change."""

    EVIDENCE = (
        "SELECT * FROM progbox_seal ORDER BY id",
        "SELECT * FROM progbox_document ORDER BY id",
        "SELECT * FROM progbox_folder WHERE locked ORDER BY id",
        "SELECT * FROM ir_attachment WHERE res_model = 'progbox.document' ORDER BY id",
    )

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.document = cls.archived_without_render()
        cls.document.flush_recordset()
        cls.attachment = cls.document._content_attachment()
        cls.folder = cls.document.folder_id
        cls.seal = cls.document.seal_id
        cls.elsewhere = cls.server["progbox.folder"].create(
            {"name": "Elsewhere", "company_id": cls.company.id}
        )
        cls.stranger = cls.server["ir.attachment"].create(
            {"name": "forged.pdf", "raw": FORGED, "mimetype": "application/pdf"}
        )
        cls.other_company = cls.setup_other_company()["company"]
        cls.env.flush_all()

    @classmethod
    def evidence(cls):
        """Return the rows of the archive, as PostgreSQL has them, and its bytes."""
        cls.env.flush_all()
        cls.env.invalidate_all()
        rows = []
        for query in cls.EVIDENCE:
            cls.env.cr.execute(query)  # pylint: disable=sql-injection
            rows.append(cls.env.cr.dictfetchall())
        return rows, cls.content(cls.document)
