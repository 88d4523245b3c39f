from .common import ArchiveCommon


class EInvoiceCommon(ArchiveCommon):
    """A French seller and client, with all that electronic invoices ask for."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "ubl_cii_xml_id" not in cls.env["account.move"]:
            cls.skipTest(cls, "account_edi_ubl_cii is not installed")
        cls.company.partner_id.write(
            {
                "street": "12 rue des Lilas",
                "city": "Lyon",
                "zip": "69003",
                "country_id": cls.env.ref("base.fr").id,
                "vat": "FR23334175221",
                "phone": "+33 4 78 00 00 00",
                "email": "seller@example.com",
            }
        )
        cls.bank = cls.env["res.partner.bank"].create(
            {
                "acc_number": "FR7630006000011234567890189",
                "partner_id": cls.company.partner_id.id,
                "allow_out_payment": True,
            }
        )
        cls.client.write(
            {
                "street": "3 place Bellecour",
                "city": "Lyon",
                "zip": "69002",
                "country_id": cls.env.ref("base.fr").id,
                "vat": "FR05677404089",
            }
        )
