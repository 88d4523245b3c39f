"""What a certificate says that somebody hands in, asked of a child process."""

from .limited_child import Child

MEMORY = 768 << 20
SECONDS = 30


def read_certificate(path, folder):
    """Return the lines of the ledger that a certificate, or a scan of it, names.

    :param path: of the PDF or picture
    :param folder: for temporary files
    :return: list of (number, hash); none for a file that says nothing of the kind
    :raise Failure: when it cannot be read at all
    """
    with Child(folder, MEMORY) as child:
        found = child.ask("read_certificate", {"path": path}, SECONDS)
        return [(number, digest) for number, digest in found]
