from . import test_upload
from . import test_upload_http
