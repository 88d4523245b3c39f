"""Templates are made into Python once in a run of tests, not once in a test.

Odoo keeps what it has made of a template until a view changes, and forgets all of it
after each test. The same template gives the same Python: what is kept here goes by the
template's whole text besides what Odoo itself goes by.
"""

from unittest.mock import patch

from odoo.exceptions import UserError

from odoo.addons.base.models.ir_qweb import IrQweb

_generate = IrQweb._generate_code_uncached
_generated = {}


def generate(qweb, template):
    if not isinstance(template, int):
        return _generate(qweb, template)
    try:
        _tree, text, ref = qweb._get_template(template)
    except (ValueError, UserError):
        return _generate(qweb, template)
    name = qweb._get_template_info(template)["key"]
    context = [qweb.env.context.get(key) for key in qweb._get_template_cache_keys()]
    key = (type(qweb), ref, name, text, *context)
    if key not in _generated:
        _generated[key] = _generate(qweb, template)
    return _generated[key]


def patches():
    """What a test class starts to have each template made into Python once."""
    return [patch.object(IrQweb, "_generate_code_uncached", generate)]
