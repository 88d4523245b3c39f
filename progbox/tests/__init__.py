from . import test_drop
from . import test_tools_files
