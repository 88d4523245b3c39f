"""Which records people have ticked in a list."""


def ticked(records):
    """Return the records that are ticked in a list, however many.

    The browser names the first twenty thousand only, and the domain of all.
    """
    get_param = records.env["ir.config_parameter"].sudo().get_param
    limit = int(get_param("web.active_ids_limit") or 20000)
    domain = records.env.context.get("active_domain")
    return records.search(domain) if domain and len(records) >= limit else records
