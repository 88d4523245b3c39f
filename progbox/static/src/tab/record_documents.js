import {
    Component,
    onMounted,
    onWillStart,
    status,
    useEffect,
    useRef,
    useState,
} from "@odoo/owl";
import {Dropdown} from "@web/core/dropdown/dropdown";
import {DropdownItem} from "@web/core/dropdown/dropdown_item";
import {_t} from "@web/core/l10n/translation";
import {ConnectionLostError, RPCError} from "@web/core/network/rpc";
import {useBus, useService} from "@web/core/utils/hooks";
import {useDebounced} from "@web/core/utils/timing";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";
import {AttachmentsGroup} from "../upload/attachments_group";
import {DocumentCard} from "./document_card";
import {ImportPanel} from "./import_panel";
import {TabFolderChoice, TabFolders} from "./tab_folders";
import {TabTreeModel} from "./tab_tree_model";
import {TabActions} from "./tab_actions";
import {CHANGED} from "./tab_count";
import {TabModel} from "./tab_model";
import {TabPreview} from "./tab_preview";
import {COLUMNS, TabView, VIEWS} from "./tab_view";
import {useFiles} from "./use_files";

const SEARCH_DELAY = 300;
const STEPS = {ArrowRight: 1, ArrowLeft: -1};
const ROWS = {ArrowDown: 1, ArrowUp: -1};

/** The documents of the record of a form, and of its relatives. */
export class RecordDocuments extends Component {
    static template = "progbox.RecordDocuments";
    static components = {
        AttachmentsGroup,
        Dropdown,
        DropdownItem,
        DocumentCard,
        ImportPanel,
        TabFolders,
    };
    static props = {...standardWidgetProps, model: {type: String, optional: true}};

    setup() {
        this.ui = useService("ui");
        this.orm = useService("orm");
        this.overlay = useService("overlay");
        this.root = useRef("root");
        this.state = useState({
            focusedId: false,
            isPicking: false,
            failed: "",
            types: [],
        });
        // What is written, which is looked for a moment later: nothing is drawn for it.
        this.text = "";
        this.view = useState(new TabView());
        this.tab = useState(new TabModel(this.orm, this.place));
        this.folders = useState(new TabTreeModel(this.orm, this.place));
        this.folderChoice = new TabFolderChoice(this.folders, () => this.onFolder());
        this.dragged = [];
        this.actions = new TabActions(this.env, () => this.refresh());
        this.files = useFiles(this);
        this.search = useDebounced((text) => this.tab.search(text), SEARCH_DELAY);
        this.on = this.makeCardEvents();
        onWillStart(() => this.start());
        useBus(this.ui.bus, "resize", () => this.render());
        // The documents do not wait for the folders.
        onMounted(() => this.loadFolders());
        useEffect(() => {
            // Not if somebody writes elsewhere by now.
            if (this.moveFocus && document.activeElement === document.body) {
                this.cardElement(this.state.focusedId)?.focus();
            }
            this.moveFocus = false;
        });
    }

    makeCardEvents() {
        const {actions} = this;
        return {
            open: (item) => this.openPreview(item),
            toggle: (item) => this.toggle(item),
            extend: (item) => this.tab.extendTo(item.id),
            keydown: (ev, item) => this.onCardKeydown(ev, item),
            focus: (item) => (this.state.focusedId = item.id),
            rename: (item, name) => actions.rename(item, name),
            setType: (item, typeId) => actions.setType([item], typeId),
            trash: (item) => actions.trash([item]),
            move: (item) => actions.move([item]),
            download: (item) => actions.download([item]),
            copyLink: (item) => actions.copyLink([item]),
            versions: (item) => actions.showVersions(item),
            history: (item) => actions.showHistory(item),
            mark: (item, method) => actions.runMark(item, method),
            openRecord: ({resModel, resId}) => actions.openRecord(resModel, resId),
            newVersion: (item) => this.files.chooseVersion(item),
            drag: (ev, item) => this.onDrag(ev, item),
            dragEnd: () => (this.dragged = []),
        };
    }

    /** @returns {{resModel: string, resId: number|false}} whose documents these are */
    get place() {
        const {record, model} = this.props;
        return {resModel: model || record.resModel, resId: record.resId};
    }

    get placeName() {
        const {data, resId} = this.props.record;
        const name = data.display_name || data.name;
        return (resId && name) || _t("this record");
    }

    // ------------------------------------------------------------------
    // Loading
    // ------------------------------------------------------------------

    /** A tab that cannot be loaded says so, and the form stays. */
    async start() {
        try {
            await Promise.all([this.tab.load(), this.loadTypes()]);
            await this.files.loadUnfinished();
            this.state.failed = "";
        } catch (error) {
            if (!(error instanceof RPCError || error instanceof ConnectionLostError)) {
                throw error;
            }
            this.tab.writable = false;
            this.state.failed = error.data?.message || error.message;
        }
    }

    async startAgain() {
        await this.start();
        await this.loadFolders();
    }

    /** @returns {boolean} whether documents of a record are shown in this tab */
    shows({resModel, resId}) {
        return [this.place, this.target, ...this.tab.items].some(
            (one) => resId && one.resModel === resModel && one.resId === resId
        );
    }

    async loadTypes() {
        const model = "progbox.document.type";
        this.state.types = await this.orm.searchRead(model, [], ["name"]);
    }

    /** Show what has changed, here and in the title of the tab. */
    async refresh() {
        this.env.bus.trigger(CHANGED);
        if (status(this) === "destroyed") {
            // The form was left meanwhile, or what is undone was done before that.
            return;
        }
        await Promise.all([
            this.tab.load(),
            this.files.loadUnfinished(),
            this.loadFolders(),
        ]);
        // What was selected has been moved out of sight.
        this.state.isPicking &&= this.tab.selectedIds.length > 0;
    }

    // ------------------------------------------------------------------
    // Folders
    // ------------------------------------------------------------------

    /** Without the folders, the documents are there as well. */
    async loadFolders() {
        // Of a record that is saved by now, the tab that comes next has the folders.
        if (this.folders.resId && !this.state.failed) {
            // Not what the user has chosen meanwhile: that is loaded by the choice.
            if (await this.folders.start()) {
                // The folder of the record, which had none till now.
                await this.onFolder();
            }
        }
    }

    onFolder() {
        const {folders} = this;
        const folder = folders.chosen;
        const chosen = folder && {
            group: folder.group,
            writable: folder.writable,
            label: folders.path(folder.id),
            title: folder.group ? "" : folders.titleOf(folder),
            place: folder.group ? undefined : folders.placeOf(folder),
        };
        return Promise.all([this.tab.choose(chosen), this.files.loadUnfinished()]);
    }

    /** @returns {Object} where files go: the record, or the folder that is chosen */
    get target() {
        return this.tab.chosen?.place || this.place;
    }

    get targetName() {
        return this.tab.chosen?.place ? this.tab.chosen.label : "";
    }

    /** Documents are dragged together when all of them are selected. */
    onDrag(ev, item) {
        const {selection} = this.tab;
        const chosen = selection.includes(item) ? selection : [item];
        this.dragged = chosen.filter(({writable}) => writable);
        ev.dataTransfer.effectAllowed = "move";
        ev.dataTransfer.setData("application/x-progbox", "documents");
    }

    /** @returns {boolean} whether what is dragged can be let go over a folder */
    accepts(folder) {
        return folder.writable && this.dragged.length > 0;
    }

    async dropDocuments(folder) {
        const items = this.dragged;
        this.dragged = [];
        const {resModel, resId, folderId} = this.folders.placeOf(folder);
        await this.actions.moveTo(items, resModel, resId, folderId);
    }

    get views() {
        return VIEWS;
    }

    async showAs(name) {
        this.view.show(name);
        await this.tab.sort(this.view.sortedBy);
    }

    onSearch(ev) {
        this.text = ev.target.value;
        this.search(this.text);
    }

    onSearchKeydown(ev) {
        if (ev.key === "Escape" && this.text) {
            ev.stopPropagation();
            this.text = "";
            ev.target.value = "";
            this.search.cancel();
            this.tab.search("");
        } else if (ev.key === "Enter") {
            // Enter in a form view is for the form.
            ev.preventDefault();
            ev.stopPropagation();
        } else if (ev.key === "ArrowDown" && this.tab.items.length) {
            ev.preventDefault();
            this.focusCard(this.tab.items[0].id);
        }
    }

    // ------------------------------------------------------------------
    // What is shown
    // ------------------------------------------------------------------

    get isNarrow() {
        return this.ui.isSmall;
    }

    get isSelecting() {
        return this.state.isPicking || this.tab.selectedIds.length > 0;
    }

    /** The one document that the Tab key reaches; the arrow keys reach the others. */
    get tabStopId() {
        const {items} = this.tab;
        const focused = items.find(({id}) => id === this.state.focusedId);
        return (focused || items[0])?.id;
    }

    /** @returns {boolean} whether it says what it is for, as there is nothing yet */
    get isTeaching() {
        const {isEmpty, loadedText, chosen} = this.tab;
        return isEmpty && !loadedText && !chosen;
    }

    get columns() {
        return COLUMNS;
    }

    async sort(column) {
        this.view.sort(column);
        await this.tab.sort(this.view.sortedBy);
        if (this.view.sortedBy && this.tab.hasTooMany) {
            this.env.services.notification.add(
                _t(
                    "More than 1,000 documents are not sorted: the newest come first. Search, or choose a folder."
                ),
                {type: "info"}
            );
        }
    }

    /** One table of the list has the titles of all: the others are as wide. */
    isFirstTable(group) {
        return group === this.tab.groups.find(({items}) => items.length);
    }

    isOwn({key}) {
        return key === "own";
    }

    /** A single relative is a link itself: its documents bear its name and id. */
    linkOf(group) {
        const [item] = group.items;
        return !this.isOwn(group) && group.records === 1 && item
            ? {name: item.recordName, resModel: group.model, resId: item.resId}
            : false;
    }

    /** In a group of several relatives, each document says of which it is. */
    recordOf(group, item) {
        return !this.isOwn(group) && group.records !== 1 ? item.recordName : "";
    }

    /** @returns {Object} what a document is shown with, as a card and as a row */
    propsOf(group, item) {
        return {
            item,
            isRow: this.view.isList,
            recordName: this.recordOf(group, item),
            isSelected: this.tab.isSelected(item.id),
            isTabStop: item.id === this.tabStopId,
            isSelecting: this.isSelecting,
            types: this.state.types,
            on: this.on,
        };
    }

    /** The records that the shown documents of a group belong to. */
    openGroup({model, title, items, list}) {
        const ids = [...items.map(({resId}) => resId), ...list.map(({id}) => id)];
        return this.actions.openRecords(model, title, [...new Set(ids)]);
    }

    count({documents, capped}) {
        return `${documents.toLocaleString()}${capped ? "+" : ""}`;
    }

    get selectedText() {
        return _t("Selected: %(number)s", {number: this.tab.selectedIds.length});
    }

    // ------------------------------------------------------------------
    // Selecting and moving about
    // ------------------------------------------------------------------

    toggle(item) {
        this.tab.toggle(item.id);
        this.state.focusedId = item.id;
    }

    endSelecting() {
        this.tab.clearSelection();
        this.state.isPicking = false;
    }

    cardElement(id) {
        return this.root.el?.querySelector(`.o_progbox_item[data-id="${id}"]`);
    }

    focusCard(id) {
        this.state.focusedId = id;
        this.cardElement(id)?.focus();
    }

    onCardKeydown(ev, item) {
        const {key} = ev;
        const act = {
            Enter: () => this.openPreview(item),
            " ": () => this.toggle(item),
            Delete: () => this.trashByKey(item),
            Escape: this.isSelecting && (() => this.endSelecting()),
            Home: () => this.focusCard(this.tab.items[0].id),
            End: () => this.focusCard(this.tab.items.at(-1).id),
        }[key];
        if (ev.altKey || ev.ctrlKey || ev.metaKey) {
            return;
        }
        if (key in STEPS || key in ROWS) {
            const next =
                key in STEPS
                    ? this.tab.neighbour(item.id, STEPS[key])
                    : this.inRow(item, ROWS[key]);
            if (next && ev.shiftKey) {
                this.tab.extendTo(next.id);
            }
            if (next) {
                this.focusCard(next.id);
            }
        } else if (act) {
            act();
        } else {
            return;
        }
        ev.preventDefault();
        ev.stopPropagation();
    }

    /** @returns {Object|undefined} the document above or below, as seen on screen */
    inRow(item, step) {
        const from = this.cardElement(item.id).getBoundingClientRect();
        const elements = this.root.el.querySelectorAll(".o_progbox_item");
        const cards = [...elements].map((el) => ({
            id: Number(el.dataset.id),
            box: el.getBoundingClientRect(),
        }));
        const beyond = cards.filter(({box}) => (box.top - from.top) * step > 1);
        const aside = ({box}) => Math.abs(box.left - from.left);
        const distance = ({box}) => Math.abs(box.top - from.top);
        const nearest = Math.min(...beyond.map(distance));
        const [next] = beyond
            .filter((card) => distance(card) - nearest < 1)
            .sort((a, b) => aside(a) - aside(b));
        return next && this.tab.item(next.id);
    }

    async trashByKey(item) {
        const {selection, canChangeSelection} = this.tab;
        const chosen = this.tab.isSelected(item.id) ? selection : [item];
        if (chosen.every(({writable}) => writable) || canChangeSelection) {
            const [after, before] = [1, -1].map((n) => this.tab.neighbour(item.id, n));
            const next = after || before;
            await this.actions.trash(chosen);
            if (this.state.focusedId === item.id) {
                this.state.focusedId = next?.id;
                this.moveFocus = true;
            }
        }
    }

    async onSelection(action, ...args) {
        const {selection} = this.tab;
        await this.actions[action](selection, ...args);
        if (["trash", "setType"].includes(action)) {
            // What has been selected meanwhile stays so.
            this.tab.unselect(selection);
            this.state.isPicking = false;
        }
    }

    openPreview(item) {
        const remove = this.overlay.add(TabPreview, {
            item,
            neighbour: ({id}, step) => this.tab.neighbour(id, step),
            openRecord: ({resModel, resId}) => this.actions.openRecord(resModel, resId),
            openDetails: ({id}) => this.actions.openRecord("progbox.document", id),
            close: ({id}) => {
                remove();
                this.state.focusedId = id;
                this.cardElement(id)?.focus();
            },
        });
    }
}
