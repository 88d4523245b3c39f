import {Component, useState, useSubEnv, xml} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {DocumentPreview} from "@progbox_invoice_archive/document_preview/document_preview";

/** The archive's preview, over the form, for the documents of a tab. */
export class TabPreview extends Component {
    static template = xml`<DocumentPreview record="record" isBeside="false"/>`;
    static components = {DocumentPreview};
    static props = {
        item: Object,
        neighbour: Function,
        openRecord: Function,
        openDetails: Function,
        close: Function,
    };

    setup() {
        this.state = useState({item: this.props.item});
        const {state, props} = this;
        const leave = (open) => {
            props.close(state.item);
            return open(state.item);
        };
        useSubEnv({
            documentPreview: {
                sourceLabel: _t("Open the record"),
                get hasPrevious() {
                    return Boolean(props.neighbour(state.item, -1));
                },
                get hasNext() {
                    return Boolean(props.neighbour(state.item, 1));
                },
                move(step) {
                    state.item = props.neighbour(state.item, step) || state.item;
                },
                close: () => props.close(state.item),
                openDetails: () => leave(props.openDetails),
                openSource: () => leave(props.openRecord),
            },
        });
    }

    /** The document as the preview knows it: a record of a list. */
    get record() {
        const {id, name, mimetype, version, recordName, resId} = this.state.item;
        return {
            resId: id,
            data: {name, mimetype, version, partner_name: recordName, res_id: resId},
        };
    }
}
