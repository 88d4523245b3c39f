"""Runs one scheduled action of the archiver for every line it reads.

    archive_worker.py DATABASE NUMBER        the first worker has the number 0

It says "ready" when it has started, and each time no job is left.
"""

import sys

from progbox_env.bench import Tools


def work(env, cron):
    # Importable once Odoo has started.
    from odoo.addons.progbox_invoice_archive.models.progbox_job_mixin import QueueRun

    jobs = env["progbox.archive.job"]
    while jobs._job_lock_next(QueueRun()):
        env.cr.rollback()
        cron.method_direct_trigger()
        env.cr.commit()
    env.cr.rollback()


def main():
    database, number = sys.argv[1:]
    with Tools().environment(database) as env:
        cron = env["progbox.archive.job"]._job_crons()[int(number)]
        print("ready", flush=True)
        for _line in sys.stdin:
            work(env, cron)
            print("ready", flush=True)


if __name__ == "__main__":
    main()
