from . import invoice_downloads
from . import portal_home
from . import share_pages
from . import share_files
from . import zip_files
from . import first_page
