import io
import logging
import math
from collections import OrderedDict
from contextlib import closing
from functools import partial
from urllib.parse import urlsplit

import pikepdf
from markupsafe import Markup

from odoo import api, models
from odoo.tools import file_open, ormcache

from odoo.addons.base.models.ir_actions_report import _wkhtml

from ..exceptions import CharactersWithoutFont, FileUnreadable, RenderError
from ..tools.discarded import Discarded
from ..tools.report import (
    fonts,
    header_footer,
    headings,
    page_html,
    pdf_pages,
    running_foot,
    says,
    style_sheets,
    unpatched_qt,
    wkhtmltopdf,
)
from ..tools.report.enclosing import enclose
from ..tools.sentinels import AS_IT_IS, RENDER_ANEW, SELF_CONTAINED, WORDS
from .invoice_renewal import Renewal
from .progbox_long_job_mixin import longest_piece
from .renderer_texts import FAILURES, TIMEOUT_PARAMETER, state_text

_logger = logging.getLogger(__name__)

DEFAULT_TIMEOUT = 60  # seconds
# Nothing is fetched and no script runs late: the page is ready when it is loaded.
# With 0 wkhtmltopdf takes 90 ms more than with 1.
NO_DELAY = "1"
# No server listens there: what a page asks for all the same is not fetched.
NO_NETWORK = ("--proxy", "http://127.0.0.1:1")
# A page of more pictures would take the memory of the worker.
PICTURES_LIMIT = 100 * 1024 * 1024
SHOWN_CHARACTERS = 20  # of those that no font has
LAYOUT_BUNDLES = ("web.report_assets_pdf", "web.report_assets_common")
CSS_ERROR = "## CSS error message ##"  # base.assetsbundle puts it into a broken bundle
# The add-ons whose papers are self-contained by whatever door they are printed.
OWN_REPORTS = ("progbox.", "progbox_")
# Of a closing.
CERTIFICATE = "progbox_invoice_archive.report_closing"
IN_PAGE_CSS = "progbox_invoice_archive/static/report/in_page.css"
# One document under two titles: the archived one is made before any payment.
INVOICE_REPORTS = ("account.report_invoice", "account.report_invoice_with_payments")
# mm, when header and footer stand in the page
TOP_MARGIN, BOTTOM_MARGIN, SIDE_MARGIN = 9, 13, 8
HEADING_ROOM = 10  # mm over the rows of a table that goes on: two lines and the edge
FOOT_TOP = 10  # mm from the bottom edge of the sheet
# what Odoo hands from _prepare_html to _run_wkhtmltopdf carries it along
RUNNING_FOOT = "progbox-running-foot"


class IrActionsReport(models.Model):
    """Archived invoices are printed from the archive; pages that fetch nothing.

    The papers of ProGBox itself, and what is rendered under the sentinel in the
    context, are self-contained and complete with any wkhtmltopdf: everything else in
    Odoo is rendered as before.
    """

    _inherit = "ir.actions.report"

    def _render_qweb_pdf(self, report_ref, res_ids=None, data=None):
        """Certificates carry the time stamps of their closings."""
        content, kind = super()._render_qweb_pdf(report_ref, res_ids, data)
        # Not before: Odoo makes one PDF of several, and drops what is attached to them.
        if kind == "pdf" and self._get_report(report_ref).report_name == CERTIFICATE:
            closings = self.env["progbox.closing"].browse(res_ids)
            if files := list(closings._stamp_files()):
                content = enclose(content, files)
        return content, kind

    def _render_qweb_pdf_prepare_streams(self, report_ref, data, res_ids=None):
        report = self._get_report(report_ref)
        if report.report_name.startswith(OWN_REPORTS):
            # Evidence looks the same whatever answers at the address of the server.
            # Whose pictures it may read is for the server to say, not for a request.
            self = self.with_context(
                progbox_self_contained=SELF_CONTAINED, progbox_reader_id=False
            )
        sent, printable = self._progbox_found_in_archive(report, data, res_ids)
        if not sent and not printable:
            return super()._render_qweb_pdf_prepare_streams(report_ref, data, res_ids)
        # Where Odoo cannot split what it made, it asks for each invoice again.
        anew = self.with_context(progbox_render_anew=RENDER_ANEW)
        render = partial(
            super(IrActionsReport, anew)._render_qweb_pdf_prepare_streams,
            report_ref,
            data,
        )
        streams = self._progbox_collect(res_ids, sent, printable, render)
        in_order = [res_id for res_id in res_ids if res_id in streams]
        # Odoo keeps what it could not split by record under False.
        return OrderedDict(
            (res_id, streams[res_id]) for res_id in dict.fromkeys([*in_order, *streams])
        )

    def _get_rendering_context(self, report, docids, data):
        """Nothing is called pro forma of which the final document is archived."""
        meant = (data or {}).get("proforma")
        data = super()._get_rendering_context(report, docids, data)
        # The portal calls every invoice so that Odoo has not sent.
        if data.get("proforma") and not meant and report.model == "account.move":
            moves = self.env["account.move"].sudo().browse(docids)
            if set(moves.ids) <= set(moves._progbox_valid_documents()):
                del data["proforma"]
        return data

    @api.model
    def barcode(self, barcode_type, value, **kwargs):
        if self.env.context.get("progbox_words") is WORDS:
            return says.of_barcode(barcode_type, value).encode()
        return super().barcode(barcode_type, value, **kwargs)

    def _prepare_html(self, html, report_model=False):
        if not self._progbox_is_self_contained():
            return super()._prepare_html(html, report_model=report_model)
        in_page = not _wkhtml().is_patched_qt
        if in_page:
            html, lang = header_footer.into_articles(html)
        prepared = super()._prepare_html(html, report_model=report_model)
        if not prepared:
            return prepared
        bodies, res_ids, header, footer, args = prepared
        bodies = [self._progbox_inline(body) for body in bodies]
        if in_page:
            args = {**args, **self._progbox_page_args(report_model, res_ids, lang)}
            return bodies, res_ids, None, None, args
        header, footer = self._progbox_inline(header), self._progbox_inline(footer)
        return bodies, res_ids, header, footer, args

    @api.model
    def _build_wkhtmltopdf_args(self, *args, **kwargs):
        command = super()._build_wkhtmltopdf_args(*args, **kwargs)
        if self._progbox_is_self_contained():
            command = _with_options(command, {"--javascript-delay": NO_DELAY})
            return [*command, *NO_NETWORK]
        return command

    @api.model
    def _run_wkhtmltopdf(
        self, bodies, report_ref=False, header=None, footer=None, landscape=False,
        specific_paperformat_args=None, set_viewport_size=False,
    ):  # fmt: skip
        if not self._progbox_is_self_contained():
            return super()._run_wkhtmltopdf(
                bodies, report_ref, header, footer, landscape,
                specific_paperformat_args, set_viewport_size,
            )  # fmt: skip
        paper = (self._get_report(report_ref) if report_ref else self).get_paperformat()
        args = self._build_wkhtmltopdf_args(
            paper, landscape, specific_paperformat_args, set_viewport_size
        )
        self._progbox_release_locks()
        try:
            pdfs = [self._progbox_to_pdf(body, args, header, footer) for body in bodies]
            pdf = pdfs[0] if len(pdfs) == 1 else pdf_pages.join(pdfs)
            if _wkhtml().is_patched_qt:
                return pdf
            room = 0
            if len(bodies) == 1:
                pdf, room = self._progbox_with_headings(pdf, bodies[0], args)
            foot = (specific_paperformat_args or {}).get(RUNNING_FOOT)
            return self._progbox_finish(pdf, args, paper, foot, room)
        except (pikepdf.PdfError, ValueError) as error:
            reason = FAILURES["output"]  # named here: what stands in _() is translated
            message = self.env._(reason)
            raise RenderError(message, str(error)) from error

    # ------------------------------------------------------------------
    # Printing from the archive
    # ------------------------------------------------------------------

    def _progbox_found_in_archive(self, report, data, res_ids):
        """Return those of the invoices to be printed that the archive has a PDF of.

        Whether it still says what Odoo would say is not asked yet.

        :return: those that were sent, and whose archive is not that far yet; the others
        """
        moves = self.env["account.move"]
        if (
            not res_ids
            or report.model != "account.move"
            or (data or {}).get("proforma")
            or self.env.context.get("progbox_render_anew") is RENDER_ANEW
            # A letter has margins of its own.
            or self.env.context.get("snailmail_layout")
        ):
            return moves, moves
        moves = moves.browse(res_ids)
        moves.check_access("read")
        sent = self._progbox_sent_moves(report, moves)
        printable = self._progbox_printable(report, (moves - sent).sudo())
        if printable:
            printable._progbox_check_writable()
        return sent, printable

    def _progbox_collect(self, ids, sent, printable, render):
        """Return what is printed, from the archive as far as it has it.

        First what takes long: whoever archives a newer version lets others wait.

        :param ids: of the invoices
        :param sent: see :meth:`_progbox_found_in_archive`
        :param printable: see there
        :param render: returns Odoo's streams for a list of ids
        :return: streams as Odoo collects them, by id
        """
        documents = printable._progbox_current_documents()
        archived = self._progbox_sent_streams(sent)
        archived |= self._progbox_archived_streams(documents)
        changed = printable - printable.browse(documents)
        with closing(Renewal(changed)) as renewal:
            ready = renewal.prepare().ids
            others = [id_ for id_ in ids if id_ not in archived and id_ not in ready]
            rendered = render(others) if others else {}
            newest = renewal.seal()._progbox_documents()
        archived |= self._progbox_archived_streams(newest)
        # Others have archived meanwhile: nothing is sealed, nobody waits, and this
        # print is Odoo's. The queue archives it. One by one: without patched Qt, Odoo
        # cannot make several at once.
        for id_ in ready:
            if id_ not in archived:
                rendered |= render([id_])
        return {**rendered, **archived}

    def _progbox_sent_streams(self, sent):
        """Return what was sent, see :meth:`_progbox_archived_streams`."""
        return {
            move.id: self._progbox_stream(move.invoice_pdf_report_id.raw)
            for move in sent
        }

    def _progbox_archived_streams(self, documents_by_move):
        """Return the archived PDFs of invoices, and log that they are printed.

        :param documents_by_move: documents by id of the invoice
        :return: streams as Odoo collects them, by id
        """
        streams = {}
        every = self.env["progbox.document"].sudo().union(*documents_by_move.values())
        contents = every._content_attachments()
        printed = every.browse()
        for move_id, documents in documents_by_move.items():
            pdf = documents.filtered(lambda d: d.mimetype == "application/pdf")[:1]
            try:
                content = pdf._content_of(contents)
            except FileUnreadable:
                _logger.exception("%s cannot be printed from the archive", pdf)
                continue
            streams[move_id] = self._progbox_stream(content)
            printed |= pdf
        if printed:
            self.env["progbox.access.log"]._log_taken(printed, self.env._("Printed"))
        return streams

    def _progbox_stream(self, content):
        return {"stream": io.BytesIO(content), "attachment": None}

    def _progbox_printable(self, report, moves):
        """Return those among invoices whose archived documents this report made."""
        archived = moves._progbox_valid_documents()
        return moves.filtered(
            lambda move: (
                move.id in archived
                and self._progbox_stands_for(report, move, archived[move.id])
            )
        )

    def _progbox_sent_moves(self, report, moves):
        """Return the invoices that were sent, and whose archive is not that far yet."""
        sent = moves.sudo().filtered("invoice_pdf_report_id")
        if not sent or report.report_name not in INVOICE_REPORTS:
            return sent.browse()
        behind = set(sent._progbox_documents()) - set(sent._progbox_valid_documents())
        return sent._progbox_to_archive().filtered(
            lambda move: move.id in behind and move.invoice_pdf_report_id.raw
        )

    def _progbox_stands_for(self, report, move, documents):
        """Whether the archived PDF is what this report would print."""
        pdf = documents.filtered(lambda d: d.mimetype == "application/pdf")[:1]
        archived = pdf and self._progbox_report_name(move, pdf)
        return archived == report.report_name or (
            archived in INVOICE_REPORTS and report.report_name in INVOICE_REPORTS
        )

    def _progbox_report_name(self, move, document):
        """Return the name of the report that the archived file stands for."""
        if made_by := (document.made_with or {}).get("report"):
            return made_by
        return (
            self.env["account.move.send"]._get_default_pdf_report_id(move).report_name
        )

    # ------------------------------------------------------------------
    # Self-contained pages
    # ------------------------------------------------------------------

    @api.model
    def _progbox_is_self_contained(self):
        return self.env.context.get("progbox_self_contained") is SELF_CONTAINED

    @api.model
    def _progbox_release_locks(self):
        """Undo what the making of an archiver's page wrote: the page is there.

        Odoo writes to an invoice to show it. Else whoever edits the invoice would
        wait until wkhtmltopdf has ended.
        """
        ahead = self.env.context.get("progbox_ahead")
        if isinstance(ahead, Discarded):
            ahead.undo()

    def _progbox_inline(self, html):
        patched = _wkhtml().is_patched_qt
        root = page_html.parse(html)
        self._progbox_check_characters(root)
        page_html.make_self_contained(
            root,
            # unpatched Qt draws web fonts as outlines: the page would have no text
            lambda href: self._progbox_style_rules(href, with_fonts=patched),
            self._progbox_picture_reader(),
            self._progbox_css_uri,
        )
        if not patched:
            unpatched_qt.repair(root, self._progbox_in_page_css())
        return Markup(page_html.to_text(root))

    def _progbox_check_characters(self, root):
        """Check that what is about to be archived loses no character.

        :raise CharactersWithoutFont: no font on the server has some of them
        """
        as_it_is = self.env.context.get("progbox_as_it_is") is AS_IT_IS
        if as_it_is or not self.env["account.move.send"]._progbox_is_ahead():
            return
        try:
            missing = fonts.missing(fonts.visible_text(root))
        except fonts.FontsUnknown:
            # The settings page says it, too.
            _logger.warning("fc-list does not answer: fonts are unknown", exc_info=True)
            return
        if missing:
            raise CharactersWithoutFont(self._progbox_missing_message(missing))

    def _progbox_missing_message(self, missing):
        named = [f"{char} (U+{ord(char):04X})" for char in missing[:SHOWN_CHARACTERS]]
        return self.env._(
            "No font on the server has these characters (%(count)s): %(characters)s."
            " The page would show gaps or boxes in their place. Install fonts that"
            " have them, on Debian: %(packages)s. Then retry, or archive the invoice"
            " as it is.",
            count=len(missing),
            characters=", ".join(named),
            packages=", ".join(fonts.packages(missing)),
        )

    def _progbox_picture_reader(self):
        """Return what gives the pictures of one page, until they are too much."""
        binary = self.env["ir.binary"]
        left = PICTURES_LIMIT

        def data_uri(url):
            nonlocal left
            uri = binary._progbox_data_uri(url)
            left -= len(uri)
            if left < 0:
                raise binary._progbox_no_picture(url, "too many large pictures")
            return uri

        return data_uri

    @ormcache(cache="assets")
    def _progbox_in_page_css(self):
        with file_open(IN_PAGE_CSS) as file:
            return file.read()

    @api.model
    def _progbox_warm_up(self):
        """Make Odoo's own style sheets now, where they are kept.

        Made while a page is rendered in a savepoint that is then rolled back, Odoo
        would compile them again in each process.
        """
        for bundle in LAYOUT_BUNDLES:
            for href in self.env["ir.qweb"]._get_asset_links(
                bundle, css=True, js=False, autoprefix=True
            ):
                self._progbox_style_rules(href, _wkhtml().is_patched_qt)

    @ormcache("href", "with_fonts", cache="assets")
    def _progbox_style_rules(self, href, with_fonts):
        """The style rules at an address as Odoo's layouts give it.

        The address of a bundle holds a digest of its files and of their dates, the
        companies' colours included: a changed bundle has another address.
        """
        fonts = self._progbox_css_uri if with_fonts else None
        if not href.startswith("/web/assets/"):
            return style_sheets.parse(self._progbox_read_css(href), fonts)
        name, rtl, _type, autoprefix = self.env["ir.asset"]._parse_bundle_name(
            href.rpartition("/")[2], debug_assets=False
        )
        css = self._progbox_bundle_css(name, rtl, autoprefix)
        # without rtlcss on the server, Odoo leaves the rules as they are
        mirror = rtl and _same_rules(
            css, self._progbox_bundle_css(name, rtl=False, autoprefix=autoprefix)
        )
        return style_sheets.parse(css, fonts, mirror)

    def _progbox_bundle_css(self, name, rtl, autoprefix):
        bundle = self.env["ir.qweb"]._get_asset_bundle(
            name, css=True, js=False, rtl=rtl, autoprefix=autoprefix
        )
        css = "\n".join(sheet.raw.decode() for sheet in bundle.css())
        if CSS_ERROR in css:
            message = self.env._(
                "The style sheets of the reports have an error, so that invoices would"
                " look wrong. Correct the last change to them, then try again."
            )
            raise RenderError(message, css.rpartition(CSS_ERROR)[2][:2000])
        return css

    def _progbox_read_css(self, href):
        if urlsplit(href).netloc:
            return ""  # the fonts of another server: never fetched
        return self.env["ir.binary"]._progbox_read_url(href)[0].decode()

    def _progbox_css_uri(self, url):
        """Fonts and decoration: what is on another server or missing is left out.

        Odoo's own style sheets ask for both.
        """
        if urlsplit(url).netloc:
            return ""
        try:
            return self.env["ir.binary"]._progbox_data_uri(url)
        except RenderError as error:
            _logger.warning("style sheet of the reports: %s %s", error, error.detail)
            return ""

    def _progbox_page_args(self, report_model, res_ids, lang):
        """Small margins, and what the foot of a long document says."""
        args = {
            "data-report-margin-top": TOP_MARGIN,
            "data-report-margin-bottom": BOTTOM_MARGIN,
        }
        ids = {res_id for res_id in res_ids if res_id}
        if report_model and len(ids) == 1:
            record = self.env[report_model].browse(ids)
            args[RUNNING_FOOT] = self._progbox_running_foot(record, lang)
        return args

    def _progbox_running_foot(self, record, lang):
        company = "company_id" in record and record.company_id or self.env.company
        lang = lang or self.env.lang or self.env.user.lang
        return {
            "seller": company.sudo().name,
            "document": record.display_name,
            "font": company.sudo().font or "Lato",
            "direction": self.env["res.lang"].sudo()._get_data(code=lang).direction,
        }

    # ------------------------------------------------------------------
    # PDF
    # ------------------------------------------------------------------

    def _progbox_with_headings(self, pdf, body, args):
        """Repeat the headings of tables that go on to another page.

        :return: the PDF, and the millimetres that are free for them on each page
        """
        marked = headings.marked(body) if pdf_pages.count(pdf) > 1 else None
        if not marked:
            return pdf, 0
        margin = float(args[args.index("--margin-top") + 1])
        room, needed = 0, HEADING_ROOM
        while needed > room:  # once, or twice for headings of many lines
            room = needed
            with_room = _with_options(args, {"--margin-top": margin + room})
            pages = self._progbox_to_pdf(marked, with_room)
            needed = headings.height(pages, margin + room)
        if not needed:
            return pdf, 0
        alone = self._progbox_to_pdf(headings.alone(marked), with_room)
        return headings.repeat(pages, alone, margin + room), room

    def _progbox_finish(self, pdf, args, paper, foot, room=0):
        side = max(0, SIDE_MARGIN - min(paper.margin_left, paper.margin_right))

        def stamps_for(total, height):
            html = running_foot.html(total, **foot, side=side)
            margins = {"--margin-top": height - FOOT_TOP, "--margin-bottom": 0}
            return self._progbox_to_pdf(html, _with_options(args, margins))

        # the layouts of these papers begin at the edge of the sheet
        lift = room + (TOP_MARGIN if paper.css_margins else 0)
        return pdf_pages.finish(pdf, lift, stamps_for if foot else None)

    # ------------------------------------------------------------------
    # wkhtmltopdf
    # ------------------------------------------------------------------

    def _progbox_to_pdf(self, body, args, header=None, footer=None):
        get_param = self.env["ir.config_parameter"].sudo().get_param
        timeout = float(get_param(TIMEOUT_PARAMETER) or DEFAULT_TIMEOUT)
        left = longest_piece(self.env.context.get("cron_end_time", math.inf))
        try:
            return wkhtmltopdf.to_pdf(
                _wkhtml().bin, args, body, min(timeout, left), header, footer
            )
        except wkhtmltopdf.RendererFailure as failure:
            reason = failure.reason
            if reason == "timeout" and left < timeout:
                reason = "server_limit"
            message = self.env._(FAILURES[reason])
            raise RenderError(message, failure.detail) from failure

    @api.model
    def _progbox_renderer_version(self):
        """What made the pages, for the seal: "wkhtmltopdf 0.12.6 (unpatched Qt)"."""
        info = _wkhtml()
        patched = "patched" if info.is_patched_qt else "unpatched"
        return f"wkhtmltopdf {info.version} ({patched} Qt)"

    @api.model
    def _progbox_renderer_state(self):
        """What the settings page shows about the renderer.

        :return: dict of `version`, `patched`, `state` ('ok', 'missing', 'upgrade',
            'broken' or 'workers') and `message`: what it means and what to do
        """
        info = _wkhtml()
        state = "missing" if info.state == "install" else info.state
        return {
            "version": info.version,
            "patched": info.is_patched_qt,
            "state": state,
            "message": state_text(self.env, state, info.is_patched_qt),
        }


def _with_options(args, options):
    """The switches, with other values for some that are there already."""
    args = list(args)
    for name, value in options.items():
        args[args.index(name) + 1] = str(value)
    return args


def _same_rules(css, other):
    return css.split() == other.split()
