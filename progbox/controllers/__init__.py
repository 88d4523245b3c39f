from . import attachment
from . import upload
