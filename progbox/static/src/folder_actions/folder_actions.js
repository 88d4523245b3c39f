import {ConfirmationDialog} from "@web/core/confirmation_dialog/confirmation_dialog";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {FolderNameDialog, FolderTargetDialog} from "./folder_dialogs";

const folderActions = registry.category("progbox_folder_actions");

const call = (env, method, ...args) =>
    env.services.orm.call("progbox.folder", method, args);

/** Show the tree as it is now, and a folder in it. */
async function show(env, id, ...parentIds) {
    const {searchModel} = env;
    const tree = searchModel.folderTree;
    for (const parentId of new Set(parentIds)) {
        await tree.reload(parentId);
    }
    searchModel.selectFolder(id);
}

async function add(folder, env, name) {
    if (!Number.isInteger(folder.id)) {
        // The folder of a record that has no document yet: it is made with this one.
        const {resModel, resId} = folder;
        const {id} = await call(env, "progbox_add_for", resModel, resId, name);
        await env.searchModel.folderTree.start();
        return show(env, id);
    }
    const {id} = await call(env, "progbox_add", [folder.id], name);
    await env.searchModel.folderTree.open(folder.id);
    return show(env, id, folder.id);
}

async function rename(folder, env, name) {
    await call(env, "progbox_rename", [folder.id], name);
    return show(env, folder.id, folder.parentId);
}

async function move(folder, env, targetId) {
    await call(env, "progbox_move", [folder.id], targetId);
    await env.searchModel.folderTree.open(targetId);
    return show(env, folder.id, folder.parentId, targetId);
}

async function remove(folder, env) {
    await call(env, "progbox_delete", [folder.id]);
    return show(env, folder.parentId, folder.parentId);
}

folderActions.add("progbox_add", {
    label: _t("New folder…"),
    icon: "fa-plus",
    sequence: 40,
    key: "Insert",
    isAvailable: ({writable}) => writable,
    run: (folder, env) =>
        env.services.dialog.add(FolderNameDialog, {
            title: _t("New folder in %(folder)s", {folder: folder.name}),
            label: _t("Create"),
            save: (name) => add(folder, env, name),
        }),
});

folderActions.add("progbox_rename", {
    label: _t("Rename…"),
    icon: "fa-pencil",
    sequence: 50,
    key: "F2",
    isAvailable: ({own}) => own,
    run: (folder, env) =>
        env.services.dialog.add(FolderNameDialog, {
            title: _t("Rename %(folder)s", {folder: folder.name}),
            label: _t("Rename"),
            name: folder.name,
            save: (name) => rename(folder, env, name),
        }),
});

folderActions.add("progbox_move", {
    label: _t("Move…"),
    icon: "fa-arrow-right",
    sequence: 60,
    isAvailable: ({own, general}) => own && !general,
    run: async (folder, env) =>
        env.services.dialog.add(FolderTargetDialog, {
            title: _t("Move %(folder)s", {folder: folder.name}),
            targets: await call(env, "progbox_move_targets", [folder.id]),
            move: (targetId) => move(folder, env, targetId),
        }),
});

folderActions.add("progbox_delete", {
    label: _t("Delete…"),
    icon: "fa-trash-o",
    sequence: 70,
    key: "Delete",
    isAvailable: ({own}) => own,
    run: (folder, env) =>
        env.services.dialog.add(ConfirmationDialog, {
            title: _t("Delete %(folder)s", {folder: folder.name}),
            body: _t("The folder goes away. Only an empty folder can be deleted."),
            confirmLabel: _t("Delete"),
            confirm: () => remove(folder, env),
            cancel: () => {},
        }),
});

folderActions.add("progbox_access", {
    label: _t("Who sees it…"),
    icon: "fa-users",
    sequence: 80,
    isAvailable: ({own, general}) => own && general,
    run: async (folder, env) =>
        env.services.action.doAction(
            await call(env, "action_progbox_general", [folder.id])
        ),
});
