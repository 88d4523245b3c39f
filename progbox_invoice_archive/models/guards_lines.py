"""What the ledger says of its guards: when they were found lifted, and restored.

Nobody takes such a line back: the chain goes on with it, and whatever stamps, closings
or copies name of the ledger later covers it.
"""

from odoo.fields import Datetime
from odoo.tools import SQL

from ..tools.ledger.chain import GUARDS_LIFTED, GUARDS_RESTORED
from ..tools.ledger.verify import read_payload


def companies(env):
    """Return the companies whose ledger has begun."""
    rows = env.execute_query(
        SQL(
            """SELECT id FROM res_company company WHERE EXISTS (
                SELECT FROM progbox_seal WHERE company_id = company.id
            ) ORDER BY id"""
        )
    )
    return env["res.company"].browse(id_ for [id_] in rows)


def note_lifted(env, company, guards, found_on=None):
    """Enter that guards were found lifted, unless the ledger says just that.

    :param list guards: texts, technical
    :param str found_on: when, of what was found before the ledger said so
    """
    if found_on is None and _open(env, company) == sorted(guards):
        return
    content = {"guards": sorted(guards)}
    if found_on:
        content["found_on"] = found_on
    env["progbox.seal"]._append(company, GUARDS_LIFTED, content)


def note_restored(env, company):
    """Enter that the guards stand again, if the ledger says that they did not."""
    if guards := _open(env, company):
        env["progbox.seal"]._append(company, GUARDS_RESTORED, {"guards": guards})


def note_replaced(env, company, guards):
    """Enter that guards made room for those of this version.

    :param list guards: texts, technical: how each was found
    """
    env["progbox.seal"]._append(company, GUARDS_RESTORED, {"guards": sorted(guards)})


def lifted(env, company):
    """Return each time that guards were found lifted, as a text."""
    env["progbox.seal"].flush_model()
    rows = env.execute_query(
        SQL(
            """SELECT payload FROM progbox_seal
            WHERE company_id = %s AND kind = %s ORDER BY sequence""",
            company.id,
            GUARDS_LIFTED,
        )
    )
    return [_text(read_payload(payload)) for [payload] in rows]


def _text(content):
    guards = ", ".join(map(str, _listed(content)))
    when = content.get("found_on", content.get("sealed_on"))
    # What an older version noted without a time says it by itself.
    return f"{when.replace('T', ' ')}: {guards}" if isinstance(when, str) else guards


def _open(env, company):
    """Return the guards that the ledger calls lifted, and not restored since."""
    env["progbox.seal"].flush_model()
    rows = env.execute_query(
        SQL(
            """SELECT kind, payload FROM progbox_seal
            WHERE company_id = %s AND kind IN (%s, %s)
            ORDER BY sequence DESC LIMIT 1""",
            company.id,
            GUARDS_LIFTED,
            GUARDS_RESTORED,
        )
    )
    for kind, payload in rows:
        if kind == GUARDS_LIFTED:
            return _listed(read_payload(payload))
    return []


def _listed(content):
    guards = content.get("guards")
    return guards if isinstance(guards, list) else [str(guards)]


def noted_before(text):
    """Return the time and the guards of a text that an older version has kept.

    :param str text: ``2026-11-02 10:00:00Z: progbox_seal_keep missing, …``
    :return: (when, list of guards); the time is None where the text has none
    """
    when, _colon, guards = text.partition("Z: ")
    try:
        found_on = f"{Datetime.to_datetime(when).isoformat()}Z"
    except ValueError:
        return None, [text]
    return found_on, guards.split(", ")
