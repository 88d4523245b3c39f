"""The pages of the web host: consent, and what is in the account."""

from html import escape
from urllib.parse import quote, urlencode

HTML = "text/html; charset=utf-8"
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 sans-serif; max-width: 40em; margin: 3em auto; padding: 0 1em }}
button {{ font: inherit; padding: .5em 1.5em; margin: 0 .5em .5em 0 }}
button[value=Allow] {{ background: #0061fe; color: white; border: 0 }}
</style>
</head>
<body><h1>{title}</h1>{body}</body>
</html>"""


def page(title, body):
    return PAGE.format(title=escape(title), body=body)


def consent_page(query):
    """Ask whether an app may have access, with the query that it came with."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in query.items()
    )
    scopes = "".join(
        f"<li>{escape(scope)}</li>" for scope in query.get("scope", "").split()
    )
    return page(
        "A Dropbox on this machine",
        f"<p>An app wants to connect. It asks for:</p><ul>{scopes}</ul>"
        f"<form>{hidden}"
        '<button name="decision" value="Allow">Allow</button>'
        '<button name="decision" value="Deny">Deny</button></form>',
    )


def home_page(folder, entries):
    """List what is in a folder."""
    items = []
    for entry in entries:
        name = entry.path.rpartition("/")[2]
        target = f"/home{quote(entry.path)}"
        if entry.kind == "file":
            target = f"/home{quote(folder)}?{urlencode({'preview': name})}"
        items.append(f'<li><a href="{escape(target)}">{escape(name)}</a></li>')
    return page(f"Dropbox {folder}", f"<ul>{''.join(items)}</ul>" or "<p>Empty</p>")
