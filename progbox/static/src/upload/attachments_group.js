import {Component, status, useEffect, useState} from "@odoo/owl";
import {deserializeDate, formatDate} from "@web/core/l10n/dates";
import {_t} from "@web/core/l10n/translation";
import {FileModel} from "@web/core/file_viewer/file_model";
import {useFileViewer} from "@web/core/file_viewer/file_viewer_hook";
import {useService} from "@web/core/utils/hooks";
import {formatFileSize} from "@progbox_invoice_archive/file_size/file_size_field";

/** An attachment as Odoo's viewer of files knows it, at the address of its record. */
class AttachedFile extends FileModel {
    constructor({id, name, mimetype, url}) {
        super();
        Object.assign(this, {id, name, mimetype, type: "binary"});
        this.route = url;
    }

    get urlRoute() {
        return this.route;
    }

    get isText() {
        // The server lets nobody show a file of somebody else in a frame.
        return false;
    }

    get isImage() {
        // A drawing may carry scripts.
        return super.isImage && this.mimetype !== "image/svg+xml";
    }
}

/**
 * What is attached to a record or to its messages: one click makes it a document, for
 * those who may add documents. Others see it, too: of pictures that Odoo has taken off
 * an invoice, this is the only place where they do.
 */
export class AttachmentsGroup extends Component {
    static template = "progbox.AttachmentsGroup";
    static props = {resModel: String, resId: Number, canKeep: Boolean};

    setup() {
        this.orm = useService("orm");
        this.uploads = useService("progbox_upload");
        this.notification = useService("notification");
        this.state = useState({items: [], keeping: false});
        this.viewer = useFileViewer();
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

    /** Look at a file in place, with next and previous; else it is downloaded. */
    open(item, ev) {
        const files = this.items.map((one) => new AttachedFile(one));
        const file = files.find(({id}) => id === item.id);
        if (file.isViewable && !(ev.ctrlKey || ev.metaKey || ev.shiftKey)) {
            ev.preventDefault();
            this.viewer.open(file, files);
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
            // Of the client: what is kept is said, though another page of the form, or a
            // folder, is shown by then.
            const {documentId, alreadyThere} = await this.env.services.orm.call(
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
            if (status(this) !== "destroyed") {
                await this.load();
            }
        } finally {
            this.state.keeping = false;
        }
    }
}
