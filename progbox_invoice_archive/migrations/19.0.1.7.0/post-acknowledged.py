from datetime import timedelta

from odoo import SUPERUSER_ID, api
from odoo.fields import Domain

NEAR = timedelta(minutes=1)


def migrate(cr, version):
    """Put on record what was acknowledged before: without it, nobody believes it.

    Nor is a row believed here that says so by itself: the versions before wrote a line
    of the access log at the same moment, of the same person.
    """
    env = api.Environment(cr, SUPERUSER_ID, {})
    findings = env["progbox.verification.finding"].search(
        Domain("acknowledged_on", "!=", False)
    )
    for company, own in findings.grouped("company_id").items():
        for finding in own - own._on_record(company):
            if _has_line(finding):
                finding._note_acknowledged()


def _has_line(finding):
    when = finding.acknowledged_on
    return finding.env["progbox.access.log"].search_count(
        Domain("company_id", "=", finding.company_id.id)
        & Domain("kind", "=", "verification")
        & Domain("user_name", "=", finding.acknowledged_by)
        & Domain("accessed_on", ">=", when - NEAR)
        & Domain("accessed_on", "<=", when + NEAR),
        limit=1,
    )
