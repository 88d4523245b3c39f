"""Odoo's databases: each is a copy of a template, which is faster than installing.

    progbox_base    the standard apps with their demo data     (2 minutes, once)
    progbox_addons  a copy of it with our add-ons installed     (when they change)
    progbox_languages  a copy of that in all languages of ours  (when a test wants it)

A template is built under the name `…_new` and renamed when complete. What is in a
database is written in its comment, as JSON.
"""

import contextlib
import json
import shutil

from . import changes, forks, paths, postgres
from .console import Stop, explain, locked, run, step
from .postgres import sql
from .server import free_port

BASE = "progbox_base"
ADDONS = "progbox_addons"
SPEAKING = "progbox_languages"
LANGUAGES = ["fr_FR", "ro_RO"]  # beside English
APPS = [
    "account",
    "sale_management",
    "sale_project",
    "hr",
    "purchase",
    "repair",
    "l10n_fr_account",
    "l10n_ro_edi",  # an authority that answers before the invoice is printed
]


def write_config():
    """The configuration of every Odoo that we start."""
    options = {
        "data_dir": paths.DATA,
        "db_host": postgres.socket(),
        "db_port": 5432,
        "db_user": postgres.ROLE,
        "list_db": False,
        "http_interface": "127.0.0.1",
    }
    if paths.addons():
        options["addons_path"] = paths.ROOT
    lines = [f"{key} = {value}\n" for key, value in options.items()]
    paths.CONFIG.write_text("[options]\n" + "".join(lines))


def exists(name):
    return bool(sql(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"))


def content(name):
    """What we wrote down about a database: {"apps": […], "addons": {name: digest}}."""
    comment = sql(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database"
        f" WHERE datname = '{name}'"
    )
    return json.loads(comment[0]) if comment and comment[0] else {}


def write_content(name, value):
    sql(f"""COMMENT ON DATABASE "{name}" IS '{json.dumps(value)}'""")


def filestore(name):
    return paths.DATA / "filestore" / name


def drop_database(name):
    if not paths.is_database_name(name):
        raise Stop(f"{name} is no database name: small letters, digits, _ and -.")
    # Not WITH (FORCE): it stops at an autovacuum worker, which is not ours to end; a
    # plain DROP asks that one to leave and waits.
    sql(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        f" WHERE datname = '{name}' AND usename = current_user"
    )
    sql(f'DROP DATABASE IF EXISTS "{name}"')
    shutil.rmtree(filestore(name), ignore_errors=True)


def clone_database(name, template=ADDONS):
    """Make (or make anew) a database with demo data and our add-ons installed."""
    drop_database(name)
    sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    if filestore(template).exists():
        shutil.copytree(filestore(template), filestore(name))
    write_content(name, content(template))
    # A template may be days old: the archive would say that its crons are late.
    now = "now() AT TIME ZONE 'UTC'"
    sql(f"UPDATE ir_cron SET nextcall = greatest(nextcall, {now})", name)


def rename_database(name, new_name):
    shutil.rmtree(filestore(new_name), ignore_errors=True)
    if filestore(name).exists():
        filestore(name).rename(filestore(new_name))
    sql(f'ALTER DATABASE "{name}" RENAME TO "{new_name}"')


def run_odoo(database, *arguments, log=None, http=False, **options):
    """Run Odoo until it has done what the arguments say; its output."""
    command = [paths.python(), "-m", "odoo", "-d", database]
    command += [f"--http-port={free_port()}"] if http else ["--no-http"]
    command += ["--max-cron-threads=0", "--stop-after-init", *arguments]
    environment = paths.odoo_environment()
    return run(command, log or f"odoo-{database}", env=environment, cwd="/", **options)


def odoo_shell(database, script, *arguments):
    """Run a Python script with `env`, the way `odoo shell` does; what it prints."""
    shell = ["shell", "-d", database, "--no-http", "--log-level=error", *arguments]
    answer = forks.Job(shell, script).finished()
    if answer.returncode or "Traceback" in answer.stderr:
        log = paths.LOG / "odoo-shell.log"
        log.write_text(script + answer.stderr)
        raise Stop(f"a script failed in {database}: {explain(answer.stderr)} ({log})")
    return answer.stdout


def digests():
    """{add-on: digest of what is in the database}, to know which ones changed."""
    return {addon: changes.digest(addon) for addon in paths.addons()}


def wanted():
    """What a database made now would have in it."""
    once = {addon: changes.digest_written_once(addon) for addon in paths.addons()}
    return {"apps": APPS, "addons": digests(), "once": once}


def ensure_base():
    if content(BASE) != {"apps": APPS, "addons": {}}:
        with step("Installing Odoo's apps and demo data (2 minutes)"):
            new = BASE + "_new"
            drop_database(new)
            sql(f'CREATE DATABASE "{new}" TEMPLATE template0')
            run_odoo(new, "-i", ",".join(APPS), "--with-demo", log="odoo-base")
            _check_installed(new, APPS)
            _publish(new, BASE, {"apps": APPS, "addons": {}})


def ensure_addons(clean=False):
    """The template with our add-ons: updated, or if `clean` made anew."""
    with locked(paths.HOME / "addons.lock"):
        now, before = wanted(), content(ADDONS)
        if before == now and not clean:
            return
        new = ADDONS + "_new"
        gone = set(before.get("addons", {})) - set(now["addons"])
        same = all(before.get(part) == now[part] for part in ("apps", "once"))
        if same and not clean and not gone:
            # What cannot be updated is installed anew, as if there were no template.
            with contextlib.suppress(Stop), step("Updating the add-ons"):
                clone_database(new, ADDONS)
                _install_in_template(new, changed(before["addons"], now["addons"]))
                _publish(new, ADDONS, now)
                return
        with step(f"Installing the add-ons ({len(paths.addons())})"):
            clone_database(new, BASE)
            _install_in_template(new, [])
            _publish(new, ADDONS, now)


def changed(before, now):
    return [addon for addon in now if before.get(addon) not in (None, now[addon])]


def _install_in_template(database, changed):
    install_addons(database, changed)
    # Built once here, the pages' scripts and styles are there in every copy.
    script = "env['ir.qweb']._pregenerate_assets_bundles(); env.cr.commit()"
    odoo_shell(database, script)


def _publish(new, name, value):
    drop_database(name)
    write_content(new, value)
    rename_database(new, name)


def install_addons(database, changed):
    """Install the add-ons that are new to the database, update the changed ones."""
    if not (addons := paths.addons()):
        return
    arguments = ["-i", ",".join(addons), "--with-demo"]
    if changed:
        arguments += ["-u", ",".join(changed)]
    run_odoo(database, *arguments, log="odoo-addons")
    _check_installed(database, addons)


def _check_installed(database, modules):
    names = ", ".join(f"'{name}'" for name in modules)
    found = sql(
        "SELECT name FROM ir_module_module"
        f" WHERE state = 'installed' AND name IN ({names})",
        database,
    )
    if absent := sorted(set(modules) - set(found)):
        raise Stop(f"Odoo did not install {', '.join(absent)}: read {paths.LOG}.")


def ensure_database(name, fresh=False):
    """A database to work in: created from the template, then updated in place."""
    now = digests()
    if fresh or not exists(name):
        ensure_addons()
        new = name + "_new"
        clone_database(new)
        _publish(new, name, content(new))
        return
    before = content(name).get("addons", {})
    if before != now:
        stale = changed(before, now)
        with step("Updating " + ", ".join(sorted(set(now) - set(before)) + stale)):
            install_addons(name, stale)
            write_content(name, content(name) | {"addons": now})


def ensure_languages():
    """The template that has our languages as well; its name."""
    with locked(paths.HOME / "languages.lock"):
        now = content(ADDONS) | {"languages": LANGUAGES}
        if content(SPEAKING) != now:
            with step(f"Installing the languages {', '.join(LANGUAGES)}"):
                new = SPEAKING + "_new"
                clone_database(new)
                install_languages(new, LANGUAGES)
                _publish(new, SPEAKING, now)
    return SPEAKING


def install_languages(database, codes):
    """Install languages as their wizard does.

    Not with --load-language, which translates what `base` knows and no more.
    """
    odoo_shell(
        database,
        f"""
languages = env["res.lang"].with_context(active_test=False).search(
    [("code", "in", {codes})]
)
env["base.language.install"].create({{"lang_ids": languages.ids}}).lang_install()
env.cr.commit()
""",
    )


def ensure_language(database, code):
    """Install a language, and let the administrator read Odoo in it."""
    active = f"SELECT 1 FROM res_lang WHERE code = '{code}' AND active"
    if not sql(active, database):
        with step(f"Installing the language {code}"):
            install_languages(database, [code])
    sql(
        f"""UPDATE res_partner SET lang = '{code}' WHERE id =
            (SELECT partner_id FROM res_users WHERE login = 'admin')""",
        database,
    )
