from . import test_drop
from . import test_history
from . import test_records_gone
from . import test_tools_files
from . import test_trash
from . import test_types
from . import test_versions
