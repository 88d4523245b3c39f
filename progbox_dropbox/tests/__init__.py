from . import test_dropbox_server
from . import test_tools_naming
from . import test_tools_verdicts
from . import test_transfer
from . import test_faults
from . import test_connect
from . import test_rules
from . import test_when
