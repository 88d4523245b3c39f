from odoo import models

from .progbox_job_mixin import JOB_MESSAGE

PREFIX = f"{JOB_MESSAGE}:"


class IrWebsocket(models.AbstractModel):
    """A page that shows background jobs hears when some of them go on."""

    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        asked = {c for c in channels if isinstance(c, str) and c.startswith(PREFIX)}
        channels = super()._build_bus_channel_list(
            [channel for channel in channels if channel not in asked]
        )
        companies = self.env.user.company_ids
        for name in sorted(channel.removeprefix(PREFIX) for channel in asked):
            if name in self.env and self.env[name].has_access("read"):
                channels.extend((company, name) for company in companies)
        return channels
