import {browser} from "@web/core/browser/browser";
import {_t} from "@web/core/l10n/translation";
import {groupBy} from "@web/core/utils/arrays";
import {url} from "@web/core/utils/urls";
import {downloadZip} from "@progbox_invoice_archive/zip/zip_download";
import {HistoryDialog, MoveDialog, VersionsDialog} from "./dialogs";
import {contentUrl} from "./file_kind";

const MODEL = "progbox.document";

/**
 * What can be done with documents of the tab.
 *
 * @param {Object} env
 * @param {() => Promise} refresh shows the documents as they are afterwards
 */
export class TabActions {
    constructor(env, refresh) {
        this.env = env;
        this.refresh = refresh;
    }

    get services() {
        return this.env.services;
    }

    async change(method, items, ...args) {
        const ids = items.map(({id}) => id);
        const answer = await this.services.orm.call(MODEL, method, [ids, ...args]);
        await this.refresh();
        return answer;
    }

    rename(item, name) {
        return this.change("progbox_rename", [item], name);
    }

    setType(items, typeId) {
        return this.change("progbox_set_type", items, typeId);
    }

    async trash(items) {
        const text = await this.change("progbox_trash", items);
        this.offerUndo(text, () => this.change("progbox_restore", items));
    }

    /** Say what was done, with a way back. */
    offerUndo(text, undo) {
        const close = this.services.notification.add(text, {
            type: "success",
            buttons: [
                {
                    name: _t("Undo"),
                    primary: true,
                    onClick: () => {
                        close();
                        return undo();
                    },
                },
            ],
        });
    }

    move(items) {
        this.services.dialog.add(MoveDialog, {
            items,
            move: (...place) => this.moveTo(items, ...place),
        });
    }

    /** Move documents, and offer to move them back where they were, if not the trash. */
    async moveTo(items, resModel, resId, folderId) {
        // What they are now is not what they are after they have been loaded anew.
        const before = items.map((item) => ({...item}));
        const told = await this.change(
            "progbox_move",
            items,
            resModel,
            resId,
            folderId
        );
        const text =
            items.length === 1
                ? _t("%(name)s has been moved.", {name: items[0].name})
                : _t("The documents have been moved: %(count)s.", {
                      count: items.length,
                  });
        const more = typeof told === "string" ? ` ${told}` : "";
        if (items.some(({trashed}) => trashed)) {
            this.services.notification.add(text + more, {type: "success"});
        } else {
            this.offerUndo(text + more, () => this.moveBack(before, Boolean(more)));
        }
    }

    /**
     * @param {Object[]} items as they were before
     * @param {boolean} isTyped whether moving them has changed their types
     */
    async moveBack(items, isTyped) {
        const {orm} = this.services;
        const placeOf = (item) => [item.resModel, item.resId, item.folderId].join();
        for (const group of Object.values(groupBy(items, placeOf))) {
            const [{resModel, resId, folderId}] = group;
            const ids = group.map(({id}) => id);
            await orm.call(MODEL, "progbox_move", [ids, resModel, resId, folderId]);
        }
        const groups = isTyped ? groupBy(items, ({typeId}) => typeId) : {};
        for (const group of Object.values(groups)) {
            const ids = group.map(({id}) => id);
            await orm.call(MODEL, "progbox_set_type", [ids, group[0].typeId]);
        }
        await this.refresh();
    }

    download(items) {
        if (items.length > 1) {
            const domain = [["id", "in", items.map(({id}) => id)]];
            return downloadZip(this.env, {domain});
        }
        const link = document.createElement("a");
        link.href = url(contentUrl(items[0]), {download: true});
        link.download = items[0].name;
        link.click();
    }

    async copyLink(items) {
        const links = items.map((item) => browser.location.origin + contentUrl(item));
        await browser.navigator.clipboard.writeText(links.join("\n"));
        this.services.notification.add(
            _t("Link copied: it opens for those who may read the document."),
            {type: "success"}
        );
    }

    showVersions(item) {
        this.services.dialog.add(VersionsDialog, {
            item,
            restore: (version) => this.change("progbox_restore_version", [version]),
        });
    }

    showHistory(item) {
        this.services.dialog.add(HistoryDialog, {item});
    }

    /** Do what another add-on has put into the menu of a document. */
    async runMark(item, method) {
        const action = await this.services.orm.call(MODEL, method, [[item.id]]);
        if (action) {
            await this.services.action.doAction(action);
        }
    }

    openRecords(resModel, name, ids) {
        return this.services.action.doAction({
            type: "ir.actions.act_window",
            name,
            res_model: resModel,
            domain: [["id", "in", ids]],
            // Contacts and employees are archived, and their documents stay.
            context: {active_test: false},
            views: [
                [false, "list"],
                [false, "form"],
            ],
        });
    }

    openRecord(resModel, resId) {
        return this.services.action.doAction({
            type: "ir.actions.act_window",
            res_model: resModel,
            res_id: resId,
            views: [[false, "form"]],
        });
    }
}
