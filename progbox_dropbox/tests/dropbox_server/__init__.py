"""A local Dropbox that speaks API v2 over TLS, for tests and for trying things.

It knows the routes, limits and answers of Dropbox's published specification, and is as
strict as Dropbox. ``python -m dropbox_server`` starts it alone.
"""

from .faults import Fault
from .server import DropboxServer
