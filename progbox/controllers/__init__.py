from . import attachment
from . import first_page
from . import upload
