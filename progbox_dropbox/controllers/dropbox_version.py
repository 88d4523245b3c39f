"""Versions that Dropbox keeps of a copy: through Odoo, never by a public link."""

from odoo.http import Controller, content_disposition, request, route


class DropboxVersion(Controller):
    """Hands out one version that its reader has just listed."""

    @route("/progbox/dropbox/version/<int:version_id>", type="http", auth="user")
    def version(self, version_id):
        version = request.env["progbox.dropbox.version"].browse(version_id)
        name, size, blocks = version._blocks()
        headers = [
            ("Content-Type", "application/octet-stream"),
            ("Content-Length", str(size)),
            ("Content-Disposition", content_disposition(name)),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        response = request.make_response(blocks, headers)
        response.direct_passthrough = True
        return response
