"""Posting customer invoices: with the archive beside without it.

Two copies of the same database, one with our add-ons, in one process: each round posts
as many new invoices in the one and then in the other, and commits them, so that waking
the archiver counts too. The drafts are made before.
"""

from invoices import draft_invoices

GOALS = {"overhead_ratio": "<= 1.03", "extra_queries_10": "= extra_queries_100"}
ROUNDS = 15


def run(tools, quick):
    databases = [tools.clone("post_with"), tools.clone("post_without", False)]
    with tools.environment(databases[0]) as with_archive:
        with tools.environment(databases[1]) as without:
            sides = {"with": Side(with_archive), "without": Side(without)}
            return compare(tools, sides, size=10 if quick else 100)


def compare(tools, sides, size):
    for side in sides.values():
        side.prepare([size] * (ROUNDS + 1) + [10, 100])
    times = tools.interleaved({name: side.post for name, side in sides.items()}, ROUNDS)
    figures = {
        "overhead_ratio": times.ratio("with", "without"),
        "ms_per_invoice_with": times.median("with") * 1000 / size,
        "ms_per_invoice_without": times.median("without") * 1000 / size,
    }
    for count in (10, 100):
        queries = {name: side.queries_of_posting() for name, side in sides.items()}
        figures[f"extra_queries_{count}"] = queries["with"] - queries["without"]
    return figures


class Side:
    def __init__(self, env):
        self.env = env

    def prepare(self, counts):
        self.batches = iter([draft_invoices(self.env, count) for count in counts])

    def post(self):
        self.env.invalidate_all()
        next(self.batches).action_post()
        self.env.cr.commit()

    def queries_of_posting(self):
        before = self.env.cr.sql_log_count
        self.post()
        return self.env.cr.sql_log_count - before
