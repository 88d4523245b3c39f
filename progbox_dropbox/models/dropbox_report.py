"""E-mails about the copies: a problem at once, or a summary."""

from datetime import timedelta

from markupsafe import Markup

from odoo import fields
from odoo.fields import Domain
from odoo.tools.misc import clean_context

# What one e-mail names; the rest is counted.
LISTED = 50
# A cron is never quite on time.
MARGIN = timedelta(hours=1)
PERIODS = {"daily": timedelta(days=1), "weekly": timedelta(days=7)}
# What only an administrator can put right.
OF_ADMINISTRATORS = ("reconnect", "configuration")
OPEN_STATES = ("pending", "running", "waiting")


def tell_stop(account):
    """Tell that nothing is copied any more, and what to do.

    Where the connection has to be set up, whoever may do that is told as well.
    """
    if account.notify == "none":
        return
    words = _in_words(account)
    _send(
        words,
        words.env._(
            "Dropbox of %(company)s: nothing is copied at the moment",
            company=words.company_id.display_name,
        ),
        Markup("<p>%s</p>") % words.problem,
        administrators_of(account),
    )


def tell_check(account, subject, text):
    """Tell that a check has found something, or could not run.

    :param str subject: in the words of whoever looks after the account, as the text
    """
    if account.notify != "none":
        _send(account, subject, Markup("<p>%s</p>") % text)


def tell_failures(account):
    """Tell which files have been given up since the last e-mail."""
    now = fields.Datetime.now()
    failed = _failed(account, account.reported_on)
    if not failed:
        return
    words = _in_words(account)
    _send(
        words,
        words.env._(
            "Dropbox of %(company)s: files that were not copied (%(count)s)",
            company=words.company_id.display_name,
            count=len(failed),
        ),
        _list_of(words.env, failed),
    )
    account.reported_on = now


def tell_summary(account):
    """Send the summary of the day or the week, if it is due."""
    period, now = PERIODS[account.notify], fields.Datetime.now()
    since = account.reported_on or now - period
    if since > now - period + MARGIN:
        return
    words = _in_words(account)
    env = words.env
    transfers = env["progbox.dropbox.transfer"].sudo()
    of_account = Domain("account_id", "=", account.id)
    copied = transfers.search_count(
        of_account & Domain("state", "=", "done") & Domain("done_on", ">=", since)
    )
    waiting = transfers.search_count(of_account & Domain("state", "in", OPEN_STATES))
    failed = _failed(account)
    lines = [
        env._("Copied: %(count)s", count=copied),
        env._("Waiting: %(count)s", count=waiting),
        env._("Failed: %(count)s", count=len(failed)),
    ]
    body = Markup("<ul>%s</ul>") % Markup("").join(
        Markup("<li>%s</li>") % line for line in lines
    )
    if words.problem:
        body += Markup("<p>%s</p>") % words.problem
    if failed:
        body += _list_of(env, failed)
    subject = env._(
        "Dropbox of %(company)s: summary", company=words.company_id.display_name
    )
    _send(words, subject, body)
    account.reported_on = now


def _in_words(account):
    """Return the account as whoever looks after it reads it."""
    manager = account.company_id._progbox_archive_manager()
    # pylint: disable-next=context-overridden
    clean = account.with_context(clean_context(account.env.context))
    return clean.with_context(lang=manager.lang)


def _failed(account, since=None):
    """Return the closings and copies that were given up, at all or since a moment."""
    domain = Domain("account_id", "=", account.id) & Domain("state", "=", "failed")
    if since:
        domain &= Domain("failed_on", ">", since)
    models = ("progbox.dropbox.anchor", "progbox.dropbox.transfer")
    return [
        job
        for model in models
        for job in account.env[model].sudo().search(domain, order="id desc")
    ]


def _list_of(env, failed):
    """Return files and why each was not copied."""
    items = Markup("").join(
        Markup("<li><b>%s</b><br/>%s</li>") % (_named(job), job.error)
        for job in failed[:LISTED]
    )
    body = Markup("<ul>%s</ul>") % items
    advice = env._(
        "Press Retry the Failed in Documents > Dropbox > Overview to try them again."
    )
    if len(failed) > LISTED:
        advice = env._("Further files: %(count)s.", count=len(failed) - LISTED) + (
            f" {advice}"
        )
    return body + Markup("<p>%s</p>") % advice


def _named(job):
    """Return what an e-mail calls a copy, or a closing.

    Papers outside of the archive, contracts for example, are not for every manager.
    """
    if job._name == "progbox.dropbox.anchor":
        return job.display_name
    document = job.document_id
    if document and not document.seal_id:
        return job.env._("A document that lies outside of the archive")
    return job.path or document.name


def administrators_of(account):
    """Return who may put right what the manager cannot: nobody, if the manager can.

    :rtype: res.users
    """
    if account.state not in OF_ADMINISTRATORS:
        return account.env["res.users"]
    group = account.env.ref("base.group_system").sudo()
    return group.all_user_ids.filtered(
        lambda user: not user.share and account.company_id in user.company_ids
    )


def _send(account, subject, body, others=None):
    manager = account.company_id._progbox_archive_manager()
    readers = (manager | others if others else manager).filtered("email")
    if not readers:
        return
    mails = account.env["mail.mail"].sudo()
    mails.create(
        {
            "subject": subject,
            "body_html": body,
            "email_from": account.company_id.email_formatted
            or readers[0].email_formatted,
            "email_to": ", ".join(readers.mapped("email_formatted")),
            "auto_delete": True,
            "progbox_company_id": account.company_id.id,
        }
    )
    # Not sent here: a slow or missing mail server must not make the copying fail.
    scheduler = account.env.ref(
        "mail.ir_cron_mail_scheduler_action", raise_if_not_found=False
    )
    if scheduler:
        scheduler.sudo()._trigger()
