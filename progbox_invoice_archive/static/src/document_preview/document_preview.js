import {Component, useEffect, useRef, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {useActiveElement} from "@web/core/ui/ui_service";
import {useService} from "@web/core/utils/hooks";
import {hidePDFJSButtons} from "@web/core/utils/pdfjs";
import {url} from "@web/core/utils/urls";
import {TextPreview} from "./text_preview";

const IMAGES = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"];
const TEXTS = ["application/xml", "application/json"];
const INTEGRITY = "progbox_invoice_archive.progbox_verification_action";
const MOVES = {ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1};

/** One document, readable in place. */
export class DocumentPreview extends Component {
    static template = "progbox_invoice_archive.DocumentPreview";
    static components = {TextPreview};
    static props = {record: Object, isBeside: Boolean};

    setup() {
        this.preview = useState(this.env.documentPreview);
        this.state = useState({checkedId: false, problem: false});
        this.orm = useService("orm");
        this.action = useService("action");
        this.root = useRef("root");
        this.frame = useRef("frame");
        if (!this.props.isBeside) {
            useActiveElement("root");
        }
        // The arrow keys go on to work when a button is disabled under the finger.
        useEffect(
            () => {
                const {activeElement} = document;
                if (!this.root.el.contains(activeElement) || activeElement.disabled) {
                    this.root.el.focus();
                }
            },
            () => [this.props.record.resId]
        );
        useEffect(
            (frame) => frame && hidePDFJSButtons(frame, {hideDownload: true}),
            () => [this.frame.el]
        );
        useEffect(
            (resId) => {
                this.checkFile(resId);
            },
            () => [this.props.record.resId]
        );
    }

    /** A file that cannot be read would leave the pane grey: nothing asks for it. */
    async checkFile(resId) {
        let problem = false;
        try {
            problem = await this.orm.call("progbox.document", "file_problem", [
                [resId],
            ]);
        } finally {
            // Without an answer the file itself is asked for.
            if (resId === this.props.record.resId) {
                Object.assign(this.state, {checkedId: resId, problem});
            }
        }
    }

    openIntegrity() {
        return this.action.doAction(INTEGRITY);
    }

    get document() {
        return this.props.record.data;
    }

    get kind() {
        const mimetype = this.document.mimetype || "";
        if (mimetype === "application/pdf") {
            return "pdf";
        }
        if (IMAGES.includes(mimetype)) {
            return "image";
        }
        return mimetype.startsWith("text/") || TEXTS.includes(mimetype)
            ? "text"
            : "other";
    }

    /** @returns {string} what the button says that leads to where it comes from */
    get sourceLabel() {
        return this.preview.sourceLabel || _t("Open the invoice");
    }

    get contentRoute() {
        const name = encodeURIComponent(this.document.name);
        return `/web/content/progbox.document/${this.props.record.resId}/content/${name}`;
    }

    get contentUrl() {
        // Not "unique": the browser would keep it, and the access log miss the next view.
        return url(this.contentRoute);
    }

    get downloadUrl() {
        return url(this.contentRoute, {download: true});
    }

    get viewerUrl() {
        const file = encodeURIComponent(this.contentUrl);
        return `/web/static/lib/pdfjs/web/viewer.html?file=${file}#pagemode=none&zoom=page-width`;
    }

    onKeydown(ev) {
        if (ev.key === "Escape") {
            ev.stopPropagation();
            this.preview.close();
        } else if (ev.key in MOVES && !ev.altKey && !ev.ctrlKey && !ev.metaKey) {
            ev.preventDefault();
            ev.stopPropagation();
            this.preview.move(MOVES[ev.key]);
        }
    }
}
