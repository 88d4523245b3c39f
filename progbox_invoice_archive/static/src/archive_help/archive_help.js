import {Component, onWillStart, useEffect} from "@odoo/owl";
import {browser} from "@web/core/browser/browser";
import {user} from "@web/core/user";
import {useService} from "@web/core/utils/hooks";

const PATIENCE = 5000;

/** What to do when there is nothing to see: an empty archive, or an empty folder. */
export class ArchiveHelp extends Component {
    static template = "progbox_invoice_archive.ArchiveHelp";
    static props = {noContentHelp: {optional: true}, showRibbon: {optional: true}};

    setup() {
        this.action = useService("action");
        this.searchModel = this.env.searchModel;
        // "It appears here by itself": an invoice takes the archiver a few seconds.
        useEffect(
            (isEmpty) => {
                const look = () => this.searchModel.refreshEmptyTree();
                const timer = isEmpty && browser.setInterval(look, PATIENCE);
                return () => browser.clearInterval(timer);
            },
            () => [this.isArchiveEmpty]
        );
        onWillStart(async () => {
            const [isManager, isSystem] = await Promise.all([
                user.hasGroup("progbox_invoice_archive.group_archive_manager"),
                user.hasGroup("base.group_system"),
            ]);
            this.maySetUp = isManager && isSystem;
        });
    }

    get isArchiveEmpty() {
        return this.searchModel.hasTree && this.searchModel.folderTree.isEmpty;
    }

    get isNarrowed() {
        return Boolean(this.searchModel.folderId);
    }

    searchEverywhere() {
        this.searchModel.selectFolder(false);
    }

    openInvoices() {
        return this.action.doAction("account.action_move_out_invoice_type");
    }

    openSettings() {
        return this.action.doAction(
            "progbox_invoice_archive.res_config_settings_action"
        );
    }
}
