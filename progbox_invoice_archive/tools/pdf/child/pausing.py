"""The parent may ask for a pause: what takes long stops where it can go on later."""

import signal

SIGNAL = signal.SIGUSR1
_asked = False


def listen():
    """Take the signal as a wish; by default it ends a process."""
    signal.signal(SIGNAL, _ask)
    # What reads or writes at that moment is not interrupted.
    signal.siginterrupt(SIGNAL, False)
    # The workers of Odoo keep this signal, and that of the time limit, from what they
    # start.
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def begin_task():
    """Forget what was asked for while the last task was done."""
    global _asked  # noqa: PLW0603 a signal reaches nothing else
    _asked = False


def is_asked():
    return _asked


def _ask(_number, _frame):
    global _asked  # noqa: PLW0603
    _asked = True
