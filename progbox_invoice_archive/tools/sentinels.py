"""Objects that open a door when they stand in the context.

A context that comes over RPC holds JSON values only, so none of them can be
sent by a client: only code of this add-on can open these doors.
"""

# Writes what people may not: into locked folders, the ledger, the logs.
SERVER = object()
# Moves a job from state to state: the job engine alone.
JOB_ENGINE = object()
# Archives an invoice with what a person has accepted, missing characters for one.
AS_IT_IS = object()
# Renders pages that fetch nothing: the archiver's own renders.
SELF_CONTAINED = object()
# Prints an invoice anew instead of taking it from the archive: the sending alone.
RENDER_ANEW = object()
# Opens a file for a browser, and logs that itself: reading it then is no download.
STREAMER = object()
# Renders what an invoice says, to compare it: nothing is drawn, and nobody is meant.
WORDS = object()
# Lets a contact in to the portal without Odoo's e-mails, for the share sends its own.
INVITATION = object()
# Only asks whether there are documents: nobody needs their bytes.
ASKING = object()
