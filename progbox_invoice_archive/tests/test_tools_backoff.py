import doctest
import random
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase

from ..tools import backoff
from ..tools.backoff import FIRST_DELAY, JITTER, LONGEST_DELAY, next_delay

patient = settings(deadline=None)  # the machine may be busy


class TestToolsBackoff(BaseCase):
    """Failed work comes back later and later, and not all at once."""

    def test_the_examples_of_the_docstring(self):
        self.assertEqual(doctest.testmod(backoff).failed, 0)

    @patient
    @given(st.integers(min_value=-5, max_value=10**9))
    def test_a_delay_is_never_too_short_nor_too_long(self, attempts):
        delay = next_delay(attempts)
        self.assertGreaterEqual(delay, FIRST_DELAY * (1 - JITTER))
        self.assertLessEqual(delay, LONGEST_DELAY * (1 + JITTER))

    @patient
    @given(st.integers(min_value=1, max_value=50), st.integers())
    def test_an_attempt_more_never_shortens_the_wait(self, attempts, seed):
        shorter, longer = (
            next_delay(n, rng=random.Random(seed)) for n in (attempts, attempts + 1)
        )
        self.assertLessEqual(shorter, longer)

    def test_a_thousand_that_failed_together_do_not_come_back_together(self):
        delays = {next_delay(3, rng=random.Random(seed)) for seed in range(1000)}
        self.assertGreater(len(delays), 990)
        spread = max(delays) - min(delays)
        self.assertGreater(spread, timedelta(seconds=60))
