from . import test_tab
