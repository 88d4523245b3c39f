import {EventBus, reactive} from "@odoo/owl";
import {beforeEach, describe, expect, getFixture, test} from "@odoo/hoot";
import {queryOne} from "@odoo/hoot-dom";
import {animationFrame, Deferred} from "@odoo/hoot-mock";
import {
    contains,
    makeDialogMockEnv,
    makeMockEnv,
    mockService,
    mountWithCleanup,
    onRpc,
} from "@web/../tests/web_test_helpers";
import {defineMailModels} from "@mail/../tests/mail_test_helpers";
import {browser} from "@web/core/browser/browser";
import {FolderTreeModel} from "@progbox_invoice_archive/folder_tree/folder_tree_model";
import {FolderImport} from "@progbox/archive/folder_import";
import {
    FolderNameDialog,
    FolderTargetDialog,
} from "@progbox/folder_actions/folder_dialogs";
import {MoveDialog} from "@progbox/tab/dialogs";

describe.current.tags("desktop");
defineMailModels();
beforeEach(() => browser.sessionStorage.clear());

const node = (id, values = {}) => ({
    id,
    name: `Folder ${id}`,
    parentId: false,
    locked: false,
    writable: true,
    ...values,
});
const PAGE = {
    parentId: false,
    folders: [
        node(1),
        node(2, {writable: false}),
        node(3, {writable: false, locked: true}),
        node("model:sale.order", {writable: false, virtual: true}),
    ],
    more: false,
    next: 4,
};

/** Documents > Archiving with the first folder chosen, and files on their way. */
async function mountImport() {
    const service = {
        uploads: reactive([]),
        bus: new EventBus(),
        unfinished: async () => [],
        add: async (files, {folderId}) => expect.step(`add to ${folderId}`),
    };
    const orm = {
        async call(_model, method) {
            expect.step(method);
            return {pages: [structuredClone(PAGE)]};
        },
    };
    const tree = new FolderTreeModel(orm);
    tree.addPage(structuredClone(PAGE));
    tree.selectedId = 1;
    const searchModel = Object.assign(new EventBus(), {
        folderTree: tree,
        folderId: 1,
        selectFolder: () => expect.step("list"),
    });
    mockService("progbox_upload", () => service);
    mockService("notification", {add: (text) => expect.step(`${text}`)});
    const documentPreview = {record: null, isBeside: false};
    const env = await makeMockEnv({searchModel, documentPreview});
    await mountWithCleanup(FolderImport, {env});
    return {service, tree, searchModel};
}

const onItsWay = (key) => ({
    key,
    name: key,
    size: 1,
    sent: 0,
    status: "sending",
    message: "",
    resModel: false,
});

test("the list is loaded again when all files have arrived", async () => {
    const {service, tree} = await mountImport();
    service.uploads.push(onItsWay("a"), onItsWay("b"));
    await animationFrame();
    service.uploads[0].status = "done";
    service.bus.trigger("uploaded", {resModel: false});
    await animationFrame();
    expect.verifySteps([]);
    service.uploads[1].status = "failed";
    await animationFrame();
    expect.verifySteps(["tree_start", "list"]);
    // What is being looked for in the tree is still looked for.
    expect(tree.searches).toBe(0);
});

test("files go where they may, and elsewhere it is said why not", async () => {
    const {searchModel} = await mountImport();
    const dropAt = async (folderId) => {
        const target = document.createElement("div");
        if (folderId) {
            target.dataset.folderId = folderId;
        }
        getFixture().append(target);
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File(["x"], "a.txt"));
        const ev = new DragEvent("drop", {
            bubbles: true,
            cancelable: true,
            dataTransfer,
        });
        target.dispatchEvent(ev);
        await animationFrame();
        return ev.defaultPrevented;
    };
    expect(await dropAt(false)).toBe(true);
    expect(await dropAt(1)).toBe(true);
    expect.verifySteps(["add to 1", "add to 1"]);
    const refusal = "Choose a folder that you may add files to.";
    expect(await dropAt(2)).toBe(true);
    expect(await dropAt("model:sale.order")).toBe(true);
    searchModel.folderId = false;
    expect(await dropAt(false)).toBe(true);
    expect.verifySteps([refusal, refusal, refusal]);
    // The archive says so itself.
    expect(await dropAt(3)).toBe(false);
    expect.verifySteps([]);
});

test("a folder is offered once, however many answers come", async () => {
    const answers = [];
    onRpc("progbox.mixin", "progbox_kinds", () => [
        {model: "res.partner", title: "Clients"},
        {model: false, title: "General folders"},
    ]);
    onRpc("progbox.folder", "search", () => [1]);
    onRpc("progbox.folder", "search_read", () => {
        answers.push(new Deferred());
        return answers.at(-1);
    });
    const items = [{id: 1, name: "a.pdf", resModel: "res.partner", resId: false}];
    const props = {items, move: () => {}, close: () => {}};
    await mountWithCleanup(MoveDialog, {env: await makeDialogMockEnv(), props});
    for (const kind of ["", "res.partner", ""]) {
        await contains(".o_progbox_move_kind").select(kind);
        await animationFrame();
    }
    expect(answers).toHaveLength(2);
    answers.forEach((answer) => answer.resolve([{id: 1, display_name: "Papers"}]));
    await animationFrame();
    expect(".o_progbox_move_folder option").toHaveCount(2);
});

test("the name of a folder stays in the dialog while it is made", async () => {
    const saved = new Deferred();
    const save = (name) => {
        expect.step(name);
        return saved;
    };
    const props = {title: "New folder", label: "Create", save, close: () => {}};
    await mountWithCleanup(FolderNameDialog, {env: await makeDialogMockEnv(), props});
    await contains(".o_progbox_folder_name").edit("Plans", {confirm: false});
    await contains(".modal-footer .btn-primary").click();
    await animationFrame();
    expect.verifySteps(["Plans"]);
    // It may be refused, and is mended here.
    expect(".o_progbox_folder_name").toHaveValue("Plans");
    saved.resolve();
});

test("a folder is moved once, however often it is clicked", async () => {
    const moved = new Deferred();
    const move = (id) => {
        expect.step(`move to ${id}`);
        return moved;
    };
    const targets = [{id: 2, name: "Plans"}];
    const props = {title: "Move", targets, move, close: () => expect.step("close")};
    await mountWithCleanup(FolderTargetDialog, {env: await makeDialogMockEnv(), props});
    const button = queryOne(".modal-footer .btn-primary");
    button.click();
    button.click();
    moved.resolve();
    await animationFrame();
    expect.verifySteps(["move to 2", "close"]);
});
