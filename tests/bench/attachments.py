"""What the guards cost the attachments that are none of the archive's."""

from contextlib import ExitStack, contextmanager
from unittest.mock import patch

COUNT, BATCH = 2000, 100


def overhead_ratio(env, tools, rounds=9):
    """Return the time with the guards, in Python and PostgreSQL, over that without."""
    work = Work(env)
    times = tools.interleaved(
        {"with": work.do, "without": work.do_unguarded}, rounds=rounds
    )
    return times.ratio("with", "without")


class Work:
    def __init__(self, env):
        self.env = env
        self.attachments = env["ir.attachment"]

    def do(self):
        """Create attachments of a contact, as an upload does, and change each."""
        for start in range(0, COUNT, BATCH):
            made = self.attachments.create(
                [
                    {
                        "name": f"plan {number}.txt",
                        "raw": b"%d" % number,
                        "res_model": "res.partner",
                        "res_id": 1,
                    }
                    for number in range(start, start + BATCH)
                ]
            )
            for attachment in made:
                attachment.write({"name": f"{attachment.name}.old", "res_id": 2})
            self.env.flush_all()
        self.env.cr.rollback()
        self.env.invalidate_all(flush=False)

    def do_unguarded(self):
        with unguarded(self.env.registry):
            self.env.cr.execute("ALTER TABLE ir_attachment DISABLE TRIGGER USER")
            self.do()


@contextmanager
def unguarded(registry):
    """Take the methods of the guards out of ir.attachment."""
    [guards] = (
        base
        for base in registry["ir.attachment"].__mro__
        if base.__module__.endswith(".progbox_invoice_archive.models.ir_attachment")
    )
    with ExitStack() as stack:
        for name in ("create", "write"):
            stack.enter_context(patch.object(guards, name, _super(guards, name)))
        yield


def _super(guards, name):
    return lambda self, vals: getattr(super(guards, self), name)(vals)
