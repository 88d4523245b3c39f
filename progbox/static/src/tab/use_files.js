import {onWillDestroy, useExternalListener, useState} from "@odoo/owl";
import {ConfirmationDialog} from "@web/core/confirmation_dialog/confirmation_dialog";
import {useCustomDropzone} from "@web/core/dropzone/dropzone_hook";
import {_t} from "@web/core/l10n/translation";
import {useService} from "@web/core/utils/hooks";
import {coalesced} from "./coalesced";
import {readDropped} from "./dropped_files";
import {TabDropzone} from "./tab_dropzone";
import {waitingFiles} from "./waiting_files";

/**
 * How files come into a tab: dropped, pasted, chosen, or as a new version.
 *
 * @param {RecordDocuments} component
 */
export function useFiles(component) {
    const {record} = component.props;
    const uploads = useService("progbox_upload");
    const dialog = useService("dialog");
    const notification = useService("notification");
    let looks = 0;
    const files = useState({
        unfinished: [],
        waiting: useState(waitingFiles(record)),

        get isOpen() {
            return component.tab.writable;
        },

        async loadUnfinished() {
            const {resModel, resId} = component.target;
            const look = ++looks;
            const unfinished =
                resId && files.isOpen ? await uploads.unfinished(resModel, resId) : [];
            // Another folder, of another record, may be chosen by now.
            if (look === looks) {
                files.unfinished = unfinished;
            }
        },

        /**
         * Send files to the record, which is saved first where that is needed.
         *
         * @param {Object[]} added
         * @param {Object} [target] the folder, else the one that is chosen
         */
        async add(added, target = chosenPlace()) {
            if (!added.length) {
                return;
            }
            if (!component.props.record.resId) {
                files.waiting.push(...added);
                // They are sent as soon as it is saved, by whatever it is saved.
                return component.props.record.save();
            }
            await uploads.add(added, {...component.place, ...target});
            await files.loadUnfinished();
        },

        dropWaiting() {
            files.waiting.splice(0);
        },

        /** Choose the file of a new version. */
        chooseVersion(item) {
            const input = document.createElement("input");
            input.type = "file";
            input.addEventListener("change", () => addVersion([...input.files], item));
            input.click();
        },
    });

    /** @returns {Object} the folder that is chosen; empty for the record itself */
    function chosenPlace() {
        return {...component.tab.chosen?.place};
    }

    function addVersion(added, {id, resModel, resId}) {
        return uploads.add(added, {resModel, resId, replaces: id});
    }

    async function onDrop(ev) {
        const {item, folder} = targetOf(ev);
        // Another folder may be chosen while a large one is read from the disk.
        const target = folder ? component.folders.placeOf(folder) : chosenPlace();
        const added = await readDropped(ev.dataTransfer, notification);
        if (item && added.length === 1 && !added[0].path) {
            askVersion(added, item, target);
        } else {
            await files.add(added, target);
        }
    }

    /** A file may have been let go over a document by chance. */
    function askVersion(added, item, target) {
        dialog.add(ConfirmationDialog, {
            title: _t("A new version?"),
            body: _t(
                "Keep %(file)s as the new version of %(document)s, which stays among its versions, or as a document of its own?",
                {file: added[0].file.name, document: item.name}
            ),
            confirmLabel: _t("New version"),
            confirm: () => addVersion(added, item),
            cancelLabel: _t("A document of its own"),
            cancel: () => files.add(added, target),
            dismiss: () => {},
        });
    }

    /** @returns {{item: ?Object, folder: ?Object}} what files are dragged over */
    function targetOf({clientX, clientY, dataTransfer}) {
        const under = document.elementsFromPoint(clientX, clientY);
        const found = (selector) => under.find((el) => el.matches(selector));
        const {folderId} = found("[data-folder-id]")?.dataset || {};
        const folder = folderId && component.folders.folders[folderId];
        if (folder) {
            return folder.writable ? {folder} : {};
        }
        const number = [...dataTransfer.items].filter(({kind}) => kind === "file");
        const over = number.length === 1 && found(".o_progbox_item");
        const item = over && component.tab.item(Number(over.dataset.id));
        return item?.writable ? {item} : {};
    }

    /** @returns {string} where files go that are let go there */
    function label({item, folder}) {
        if (item) {
            return _t("Drop the file here to replace %(document)s", {
                document: item.name,
            });
        }
        const place = folder ? component.folders.path(folder.id) : component.targetName;
        return place
            ? _t("Drop here: %(folder)s", {folder: place})
            : _t("Drop files here to keep them on %(record)s", {
                  record: component.placeName,
              });
    }

    useCustomDropzone(
        component.root,
        TabDropzone,
        {
            onDrop,
            targetOf,
            extraClass: "o_progbox_dropzone",
            label,
            showTarget: ({folder}) => (component.folders.targetId = folder?.id),
        },
        () => files.isOpen
    );

    useExternalListener(document, "paste", (ev) => {
        const pasted = [...(ev.clipboardData?.files || [])];
        const isWriting = ev.target.closest?.(
            "input, textarea, [contenteditable=true]"
        );
        const isHere = component.ui.activeElement.contains(component.root.el);
        if (pasted.length && files.isOpen && !isWriting && isHere) {
            ev.preventDefault();
            files.add(pasted);
        }
    });

    const reload = coalesced(() =>
        Promise.all([
            component.tab.load(),
            files.loadUnfinished(),
            component.loadFolders(),
        ])
    );
    function onUploaded({detail}) {
        if (component.shows(detail)) {
            reload();
        }
    }
    // Not only once it is mounted: what arrives while the tab is loaded is shown as well.
    uploads.bus.addEventListener("uploaded", onUploaded);
    onWillDestroy(() => uploads.bus.removeEventListener("uploaded", onUploaded));
    return files;
}
