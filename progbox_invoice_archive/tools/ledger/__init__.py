"""The ledger: how lines are chained, guarded, copied and checked. No Odoo in here."""
