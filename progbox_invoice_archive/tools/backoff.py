import random
from datetime import timedelta

FIRST_DELAY = timedelta(minutes=1)
LONGEST_DELAY = timedelta(hours=6)
# Spreads retries, so that a thousand jobs that failed together do not come
# back together.
JITTER = 0.2


def next_delay(attempts, first=FIRST_DELAY, longest=LONGEST_DELAY, rng=random):
    """Return how long to wait after the given number of failed attempts.

    The delay doubles with every attempt, up to a longest one, give or take 20 %.

    :param int attempts: failed attempts so far, 1 after the first
    :rtype: timedelta

    >>> class Middle:
    ...     uniform = staticmethod(lambda low, high: (low + high) / 2)
    >>> [int(next_delay(n, rng=Middle).total_seconds()) for n in (1, 2, 3, 4, 20)]
    [60, 120, 240, 480, 21600]
    """
    doublings = min(max(attempts, 1) - 1, 32)
    delay = min(first * 2**doublings, longest)
    return delay * rng.uniform(1 - JITTER, 1 + JITTER)
