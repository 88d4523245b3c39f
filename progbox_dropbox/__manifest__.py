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
    "data": [],
}
