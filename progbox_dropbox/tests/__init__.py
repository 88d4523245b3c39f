from . import test_dropbox_server
from . import test_tools_naming
from . import test_tools_verdicts
