"""What a verification looks at beside the ledger: log, stamps, and what serves files.

A part is a page of findings at a time, see progbox.verification._parts_of_check().
"""

from datetime import timedelta
from functools import partial

from odoo.tools import LazyTranslate

from ..tools.ledger.verify import Finding, read_payload
from . import verification_beside_sql
from .verification_beside_sql import EXPECTED, FOLDER_EXPECTED, NAME_AT, PROBE

_lt = LazyTranslate(__name__)

# The first day of the log is not whole: what came before its first line is not in it.
FIRST_DAY = timedelta(days=1)

BESIDE_KINDS = [
    ("opened_wide", "File open to others"),
    ("folder_changed", "Archive folder changed"),
    ("start_changed", "Start of the archive put off"),
    ("log_chain", "Seal of the access log changed"),
    ("log_changed", "Access log changed"),
    ("log_removed", "Access log lines removed"),
    ("log_added", "Access log lines added"),
    ("log_silent", "Access log not written"),
    ("log_unsealed", "Access log not sealed"),
    ("stamp_missing", "Time stamp missing"),
    ("stamp_invalid", "Time stamp proves nothing"),
    ("stamp_late", "Time stamp too late"),
    ("stamp_authority", "Time stamp of another authority"),
    ("authority_changed", "Authority changed off the record"),
    ("stamp_off", "Time stamps switched off"),
    ("certificate_not_sent", "Closing certificate not sent"),
    ("certificate_changed", "Addresses of certificates changed off the record"),
    ("certificate_off", "Closing certificates go to nobody"),
]
BESIDE_WARNINGS = (
    "certificate_not_sent",
    "certificate_off",
    "stamp_late",
    "stamp_missing",
    "stamp_off",
)
# What has happened, and cannot be put right.
BESIDE_PAST = (
    "certificate_not_sent",
    "certificate_off",
    "log_added",
    "log_changed",
    "log_chain",
    "log_removed",
    "log_silent",
    "stamp_late",
    "stamp_missing",
    "stamp_off",
)

LOG = _lt(
    "Find out who worked in the database at that time, and compare with a backup: "
    "Odoo itself never changes the access log. Then acknowledge this."
)
BESIDE_TEXTS = {
    "opened_wide": (
        _lt(
            "The attachment or the row of %(name)s has been changed in the database, "
            "so that others may get the file, or get another one: %(what)s."
        ),
        _lt("Have the administrator restore these values: they are shown here."),
    ),
    "folder_changed": (
        _lt("The folder %(name)s of the archive has been changed: %(what)s."),
        _lt("Have the administrator restore these values: they are shown here."),
    ),
    "start_changed": (
        _lt(
            "The day on which the archive started was put off in the database, to "
            "%(actual)s: older invoices would not be missed."
        ),
        _lt(
            "Have the administrator restore the day that is shown here, then verify "
            "again."
        ),
    ),
    "log_chain": (
        _lt("Seal %(name)s of the access log is not the one that was made."),
        LOG,
    ),
    "log_changed": (
        _lt("Lines %(name)s of the access log have been changed (%(what)s)."),
        LOG,
    ),
    "log_removed": (
        _lt("Lines are missing among lines %(name)s of the access log (%(what)s)."),
        LOG,
    ),
    "log_added": (
        _lt("There are new lines among lines %(name)s of the access log (%(what)s)."),
        LOG,
    ),
    "log_silent": (
        _lt(
            "The access log does not say what it must: %(name)s is not in it, or what "
            "it names is gone."
        ),
        LOG,
    ),
    "log_unsealed": (
        _lt("Lines of the access log since %(what)s have no seal: %(actual)s."),
        _lt(
            "Verify again: each time, a part of a long log is sealed. If the number "
            "stays, have the administrator look for lines that are dated in the future."
        ),
    ),
    "stamp_missing": (
        _lt("No authority has stamped %(name)s. %(actual)s"),
        _lt(
            "Look at Control > Time Stamps. If the stamp is not there, it has been "
            "removed, or was never asked for: find out who worked in the database. "
            "Then acknowledge this."
        ),
    ),
    "stamp_invalid": (
        _lt("%(name)s proves nothing: %(actual)s"),
        _lt(
            "If the authority has been changed in the settings, put the certificate of "
            "the former one back below the new one. Otherwise somebody has replaced "
            "the stamp or the certificate: compare with an export or a backup."
        ),
    ),
    "stamp_late": (
        _lt(
            "%(name)s was made long after the line of the ledger, or before it: the "
            "ledger may have been written anew in between. %(actual)s"
        ),
        _lt(
            "Compare with the printed certificates and older exports. If the authority "
            "was only away for long, acknowledge this."
        ),
    ),
    "stamp_authority": (
        _lt(
            "%(name)s is signed by an authority that was not on record as trusted when "
            "it was made: SHA-256 of its certificate %(actual)s."
        ),
        _lt(
            "Compare the certificate with what the authority publishes, and with the "
            "closing certificates and exports of that time, which name it. If it is "
            "another one, somebody has replaced the stamp: find out who worked in the "
            "database, and keep this report."
        ),
    ),
    "authority_changed": (
        _lt(
            "The address or the certificates of the time-stamping authority are not "
            "those that the access log has: somebody has changed them in the database "
            "itself."
        ),
        _lt(
            "Compare both with what the authority publishes. Correct them in the "
            "settings, or save them there as they are: then they are on record, with "
            "who did it and when."
        ),
    ),
    "stamp_off": (
        _lt(
            "Time stamps were on since %(actual)s, and no authority is set any more: "
            "nothing outside dates the ledger now."
        ),
        _lt(
            "Ask the administrator why, name the authority in the settings again, or "
            "acknowledge this."
        ),
    ),
    "certificate_not_sent": (
        _lt(
            "The certificate of %(name)s has not been sent to those who keep the "
            "certificates. %(actual)s"
        ),
        _lt(
            "Put right what is said here: it is sent within a day. If nothing is said, "
            "somebody has removed the order to send it: print the certificate and hand "
            "it over yourself. Then acknowledge this."
        ),
    ),
    "certificate_changed": (
        _lt(
            "The closing certificates go to other addresses than the access log says: "
            "somebody has changed them in the database itself, or has deleted a "
            "contact."
        ),
        _lt(
            "In the settings of the archive, take out those who get the certificates, "
            "save, and choose them again: then they are on record. Hand the last "
            "certificates over yourself, and find out who worked in the database."
        ),
    ),
    "certificate_off": (
        _lt(
            "The closing certificates were sent by e-mail up to %(actual)s, and nobody "
            "is named any more who gets them: none leaves the server now."
        ),
        _lt(
            "The access log says who has changed that. Name somebody in the settings "
            "again, or acknowledge this."
        ),
    ),
}


def parts_beside(run):
    """Return the parts of a check that are about what stands beside the ledger.

    :param progbox.verification run: that checks
    :return: dictionary of finders by name
    """
    env, company = run.env, run.company_id
    return {
        "files beside": partial(_file_findings, env, company),
        "folders beside": partial(_folder_findings, env, company),
        "start": partial(_start_findings, env, company),
        "log": partial(_seal_findings, run),
        "log deposits": partial(_deposit_findings, env, company),
        "log runs": partial(_run_findings, env, company),
        "log works": partial(_log_findings, env, company),
        "stamps": partial(env["progbox.time.stamp"]._findings, company),
        "certificates": partial(env["progbox.closing.mail"]._findings, company),
    }


def _differing(expected, are, shall):
    """Return names, wanted and found values of what differs, as texts."""
    names = [
        (name, wanted, found)
        for name, wanted, found in zip(expected, shall, are, strict=True)
        if wanted != found
    ]
    return {
        "what": ", ".join(name for name, *_values in names),
        "expected": "\n".join(f"{name}: {wanted}" for name, wanted, _found in names),
        "actual": "\n".join(f"{name}: {found}" for name, _wanted, found in names),
    }


def _file_findings(env, company, after):
    """Return what would let others have a sealed file, or serve another one."""
    last = verification_beside_sql.last_of_page(env, company, after)
    if not last:
        return None
    rows = verification_beside_sql.differing_files(env, company, after, last)
    findings = []
    for id_, name, number, payload, has_twin, are, shall in rows:
        if payload:
            # The row is compared with its line elsewhere: it may be the one that lies.
            shall[NAME_AT] = read_payload(payload).get("name")
        # A second file is a finding of its own.
        if are != shall and not has_twin:
            findings.append(
                Finding(
                    "opened_wide",
                    document=id_,
                    content={"name": name, "number": number},
                    **_differing(EXPECTED, are, shall),
                )
            )
    return last, findings


def _folder_findings(env, company, after):
    """Return the folders above sealed documents that are not as they must be."""
    rows = verification_beside_sql.folders(env, company, after)
    return rows and (
        rows[-1][0],
        [
            Finding(
                "folder_changed",
                content={"name": name},
                **_differing(FOLDER_EXPECTED, are, shall),
            )
            for _id, name, are, shall in rows
            if are != shall
        ],
    )


def _start_findings(env, company, after):
    """Return whether the archive claims to have started after its first work."""
    if after:
        return None
    first, started = verification_beside_sql.first_work(env, company)
    if not first or started and started <= first:
        return 1, []
    return 1, [
        Finding("start_changed", expected=f"{first}Z", actual=f"{started or ''}Z")
    ]


def _seal_findings(run, after):
    """Return what is wrong with the seals of the log; the run says how far they go."""
    seals = run.env["progbox.access.log.seal"]
    page = seals._findings(run.company_id, after)
    if not after:
        run._job_write({"log_sealed_until": seals._sealed_until(run.company_id)})
    return page


def _run_findings(env, company, after):
    """Return verifications and shares that the log must know, and does not.

    Lines that no seal covers yet can be removed; what they speak of stays.
    """
    since = env["progbox.access.log.seal"]._kept_since(company)
    if after or not since:
        return None
    rows = verification_beside_sql.silent_runs(env, company, since + FIRST_DAY)
    findings = []
    for model, id_ in rows:
        name = env["ir.model"]._get(model).name
        findings.append(
            Finding(
                "log_silent",
                content={"name": f"{name} {id_}", "model": model, "record": id_},
            )
        )
    return 1, findings


def _deposit_findings(env, company, after):
    """Return what was archived without a line of the log, or the other way round."""
    if after:
        return None
    since = env["progbox.access.log.seal"]._kept_since(company)
    if not since:
        return None
    rows = verification_beside_sql.silent_deposits(env, company, since + FIRST_DAY)
    return 1, [
        Finding("log_silent", document=id_, content={"name": name, "number": number})
        for id_, name, number in rows
    ]


def _log_findings(env, company, after):
    """Return whether a line that is written is there: rules and triggers may eat it."""
    if after:
        return None
    logs = env["progbox.access.log"].sudo()
    with env.cr.savepoint() as savepoint:
        logs._log("verification", company=company, note=PROBE)
        count = verification_beside_sql.probes(env, company)
        savepoint.rollback()
    findings = env["progbox.access.log.seal"]._unsealed_findings(company)
    if count != 1:
        findings.append(Finding("log_silent", content={"name": env._("a probe")}))
    return 1, findings
