import {onWillDestroy, onWillUpdateProps, useEffect, useState} from "@odoo/owl";
import {useBus, useService} from "@web/core/utils/hooks";
import {patch} from "@web/core/utils/patch";
import {evaluateExpr} from "@web/core/py_js/py";
import {FormCompiler} from "@web/views/form/form_compiler";
import {FormRenderer} from "@web/views/form/form_renderer";
import {toStringExpression} from "@web/views/utils";
import {coalesced} from "./coalesced";
import {takeWaitingFiles} from "./waiting_files";

/** Heard on the bus of the client: the documents of some record are others now. */
export const CHANGED = "PROGBOX:CHANGED";
const PAGE = "page[name='progbox']";
const WIDGET = "widget[name='progbox_tab']";

/** @returns {Object|null} of which record the documents are, for a form with the tab */
function placeOf({archInfo, record}) {
    const widget = archInfo.xmlDoc.querySelector(WIDGET);
    if (!widget) {
        return null;
    }
    const {model} = evaluateExpr(widget.getAttribute("options") || "{}");
    return {resModel: model || record.resModel, resId: record.resId};
}

/*
 * The count in the title of the tab. Odoo has no other door for it: the title of a page
 * is a constant of the view, what is in a page is not there before the page is opened,
 * and a computed field would make every form wait. So the title is compiled into an
 * expression, and the form asks for the count once it is there.
 */
patch(FormCompiler.prototype, {
    compileNotebook(el) {
        const hasTab = [...el.children].some((page) => page.matches(PAGE));
        const notebook = super.compileNotebook(...arguments);
        if (hasTab) {
            for (const page of notebook.children) {
                if (page.getAttribute("name") === toStringExpression("progbox")) {
                    const title = page.getAttribute("title");
                    page.setAttribute("title", `__comp__.progboxTitle(${title})`);
                }
            }
        }
        return notebook;
    },
});

patch(FormRenderer.prototype, {
    setup() {
        super.setup();
        if (placeOf(this.props)) {
            this.setupProgboxCount();
        }
    },

    setupProgboxCount() {
        const orm = useService("orm").silent;
        const uploads = useService("progbox_upload");
        this.progbox = useState({count: 0, capped: false});
        const refresh = coalesced(async () => {
            const {resModel, resId} = placeOf(this.props);
            const nothing = {count: 0, capped: false};
            // The form does not depend on it: without an answer, the title has no count.
            const counted = resId
                ? await orm
                      .call(resModel, "progbox_tab_count", [[resId]])
                      .catch(() => nothing)
                : nothing;
            // Meanwhile another record may be shown.
            if (resId === this.props.record.resId) {
                Object.assign(this.progbox, counted);
            }
        });
        // Files that were dropped when the record could not be saved yet.
        const sendWaiting = () => {
            const {record} = this.props;
            const files = record.resId ? takeWaitingFiles(record) : [];
            if (files.length) {
                uploads.add(files, placeOf(this.props));
            }
        };
        useEffect(
            () => {
                this.progbox.count = 0;
                refresh();
                sendWaiting();
            },
            () => [this.props.record.resId]
        );
        // The form is drawn when the tab of the saved record has been loaded: it may be
        // left before that, or show another record.
        onWillUpdateProps(sendWaiting);
        onWillDestroy(sendWaiting);
        useBus(this.env.bus, CHANGED, refresh);
        useBus(uploads.bus, "uploaded", refresh);
    },

    progboxTitle(title) {
        const {count, capped} = this.progbox || {};
        return count ? `${title} (${count}${capped ? "+" : ""})` : title;
    },
});
