{
    "name": "ProGBox: Purchases",
    "summary": "Documents of purchase orders, found from project, vendor and bills",
    "version": "19.0.1.1.0",
    "category": "Productivity/Documents",
    "license": "LGPL-3",
    "author": "ProGBox",
    # Odoo installs it by itself wherever there are purchases and projects.
    "depends": ["progbox", "project_purchase"],
    "data": ["views/purchase_order_views.xml"],
    "auto_install": True,
}
