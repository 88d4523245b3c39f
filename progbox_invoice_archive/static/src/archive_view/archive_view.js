import {useExternalListener} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {useService} from "@web/core/utils/hooks";
import {DocumentPreview} from "../document_preview/document_preview";
import {actionsOf} from "../folder_tree/folder_actions";
import {useDocumentPreview} from "../document_preview/document_preview_hook";
import {downloadZip} from "../zip/zip_download";

/**
 * What the list and the cards of the archive have in common: a document opens
 * beside them, and what is chosen or found is downloaded as a zip.
 *
 * @param {typeof Component} Controller of a multi-record view
 * @returns {typeof Component}
 */
export const archiveController = (Controller) =>
    class extends Controller {
        static components = {...Controller.components, DocumentPreview};

        setup() {
            super.setup();
            this.preview = useDocumentPreview(this);
            const notification = useService("notification");
            useExternalListener(window, "dragover", (ev) => this.holdFiles(ev));
            useExternalListener(window, "drop", (ev) => {
                if (this.holdFiles(ev)) {
                    notification.add(
                        _t("Locked: Odoo alone files documents in the archive."),
                        {type: "warning"}
                    );
                }
            });
        }

        /** The browser would leave the page, and show the file that is dropped. */
        holdFiles(ev) {
            const hasFiles = ev.dataTransfer?.types.includes("Files");
            if (!hasFiles || ev.defaultPrevented) {
                return false;
            }
            ev.preventDefault();
            return true;
        }

        async openRecord(record, options) {
            if (options?.newWindow) {
                return super.openRecord(record, options);
            }
            this.preview.open(record);
        }

        /** What is chosen, else all that is found. */
        get chosenDomain() {
            const {domain, isDomainSelected, selection} = this.model.root;
            if (selection.length && !isDomainSelected) {
                return [["id", "in", selection.map(({resId}) => resId)]];
            }
            // The server takes no empty domain for a choice; here all are chosen.
            return domain.length ? domain : [["id", "!=", false]];
        }

        /** What can be done with the chosen folder, as buttons. */
        get folderButtons() {
            const {folderId, folderTree} = this.env.searchModel;
            const folder = folderTree?.folders[folderId];
            const actions = folder ? actionsOf(folder, this.env) : [];
            return actions
                .filter(({hasButton}) => hasButton)
                .map((action) => ({
                    ...action,
                    run: () => action.run(folder, this.env),
                }));
        }

        /** The folder of documents that are shown wherever they are: an invoice's. */
        get folderOfChosen() {
            const {searchModel} = this.env;
            const [first] = this.model.root.records || [];
            return !searchModel.hasTree && first?.data.folder_id?.id;
        }

        openFolder() {
            this.env.searchModel.folderTree.select(this.folderOfChosen);
            return this.env.services.action.doAction(
                "progbox_invoice_archive.progbox_document_action"
            );
        }

        /** What of the archive's work does not go on, in sentences. */
        get archiveWarnings() {
            return this.env.searchModel.folderTree?.warnings || [];
        }

        downloadZip() {
            return downloadZip(this.env, {domain: this.chosenDomain});
        }
    };
