"""Pages for wkhtmltopdf that fetch nothing and are complete. No Odoo in here."""
