"""Is a finished PDF what it should be? Asked of two readers."""


def check(path, pages, seconds=600):
    """Have QPDF and a second reader go through a PDF, each in a limited child.

    :param pages: how many it must have
    :raise CompileError: 'check_failed', and the detail says what they found
    """
    raise NotImplementedError
