from . import test_folders
