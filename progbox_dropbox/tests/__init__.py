from . import test_dropbox_server
from . import test_dropbox_server_keeping
from . import test_tools_naming
from . import test_tools_verdicts
from . import test_transfer
from . import test_faults
from . import test_connect
