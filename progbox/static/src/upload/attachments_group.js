import {Component, useEffect, useState} from "@odoo/owl";
import {deserializeDate, formatDate} from "@web/core/l10n/dates";
import {_t} from "@web/core/l10n/translation";
import {useService} from "@web/core/utils/hooks";
import {formatFileSize} from "@progbox_invoice_archive/file_size/file_size_field";

/**
 * What is attached to a record or to its messages: one click makes it a document.
 * For those who may add documents: others find these files where they are.
 */
export class AttachmentsGroup extends Component {
    static template = "progbox.AttachmentsGroup";
    static props = {resModel: String, resId: Number};

    setup() {
        this.orm = useService("orm");
        this.uploads = useService("progbox_upload");
        this.notification = useService("notification");
        this.state = useState({items: [], keeping: false});
        // After the tab is there: the documents do not wait for this.
        useEffect(
            () => {
                this.load();
            },
            () => [this.props.resModel, this.props.resId]
        );
    }

    /** Those that are documents already are among them. */
    get items() {
        return this.state.items.filter(({kept}) => !kept);
    }

    async load() {
        const {resModel, resId} = this.props;
        const items = await this.orm.call(resModel, "progbox_attachments", [[resId]]);
        // Another record may be open by now.
        if (resModel === this.props.resModel && resId === this.props.resId) {
            this.state.items = items;
        }
    }

    detail({size, date, createdBy}) {
        return [createdBy, formatDate(deserializeDate(date)), formatFileSize(size)]
            .filter(Boolean)
            .join(" · ");
    }

    async keep(item) {
        const {resModel, resId} = this.props;
        this.state.keeping = true;
        try {
            const {documentId, alreadyThere} = await this.orm.call(
                resModel,
                "progbox_keep_attachment",
                [[resId], item.id]
            );
            this.notification.add(
                alreadyThere ||
                    _t("%(name)s is kept in ProGBox now.", {name: item.name}),
                {type: "success"}
            );
            // The tab shows it as any other that has come in.
            this.uploads.bus.trigger("uploaded", {resModel, resId, documentId});
            await this.load();
        } finally {
            this.state.keeping = false;
        }
    }
}
