"""Zips and exports with their manifest and index. No Odoo in here."""
