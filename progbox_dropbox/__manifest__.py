{
    "name": "ProGBox Dropbox",
    "summary": "A copy of every document in the company's Dropbox",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "license": "LGPL-3",
    "author": "ProGBox",
    "depends": ["progbox_invoice_archive"],
    "external_dependencies": {
        "python": ["dropbox"],
    },
    "data": [
        "security/ir.model.access.csv",
        "security/dropbox_rules.xml",
        "data/ir_cron_data.xml",
        "data/mail_activity_type_data.xml",
        "views/connect_templates.xml",
        "views/progbox_dropbox_transfer_views.xml",
        "views/progbox_dropbox_account_views.xml",
        "views/progbox_document_views.xml",
        "views/res_config_settings_views.xml",
        "views/menus.xml",
    ],
}
