import {Component, useEffect, useRef, useState} from "@odoo/owl";
import {Dropdown} from "@web/core/dropdown/dropdown";
import {DropdownItem} from "@web/core/dropdown/dropdown_item";
import {deserializeDate, deserializeDateTime, formatDate} from "@web/core/l10n/dates";
import {_t} from "@web/core/l10n/translation";
import {formatFileSize} from "@progbox_invoice_archive/file_size/file_size_field";
import {iconOf} from "./file_kind";
import {Thumbnail} from "./thumbnail";

/** One document and what can be done with it: a card with its first page, or a row. */
export class DocumentCard extends Component {
    static template = "progbox.DocumentCard";
    static components = {Dropdown, DropdownItem, Thumbnail};
    static props = {
        item: Object,
        isRow: Boolean,
        isSelected: Boolean,
        isTabStop: Boolean,
        isSelecting: Boolean,
        // Of which record it is, where that is not said above.
        recordName: String,
        types: Array,
        // What happens, by name: see RecordDocuments.
        on: Object,
    };

    setup() {
        this.state = useState({isRenaming: false});
        this.nameInput = useRef("name");
        useEffect(
            (input) => {
                if (input) {
                    // Only once: the tab may be loaded anew while a name is written.
                    input.value = this.props.item.name;
                    input.focus();
                    // The extension stays.
                    const end = input.value.lastIndexOf(".");
                    input.setSelectionRange(0, end > 0 ? end : input.value.length);
                }
            },
            () => [this.nameInput.el]
        );
    }

    /** What a screen reader is told it is: of a list, or of a table. */
    get aria() {
        const {isRow, isSelected} = this.props;
        return isRow
            ? {role: "row", "aria-selected": `${isSelected}`}
            : {role: "listitem", "aria-current": isSelected ? "true" : undefined};
    }

    get icon() {
        return iconOf(this.props.item.mimetype);
    }

    get size() {
        return formatFileSize(this.props.item.size);
    }

    get date() {
        const {date, createdOn} = this.props.item;
        return formatDate(
            date ? deserializeDate(date) : deserializeDateTime(createdOn)
        );
    }

    get about() {
        return `${this.date} · ${this.props.item.createdBy}`;
    }

    /** @returns {Object[]} the entries of the menu */
    get menu() {
        const {item, on} = this.props;
        const entry = (name, icon, label, isShown = true) => ({
            name,
            icon,
            label,
            isShown,
            run: () => on[name](item),
        });
        const {writable} = item;
        return [
            entry("open", "fa-eye", _t("Open")),
            entry("download", "fa-download", _t("Download")),
            entry("copyLink", "fa-link", _t("Copy link")),
            {
                ...entry("rename", "fa-pencil", _t("Rename"), writable),
                run: () => this.rename(),
            },
            entry("move", "fa-arrow-right", _t("Move…"), writable),
            entry("newVersion", "fa-upload", _t("New version…"), writable),
            entry("versions", "fa-clone", _t("Versions"), item.versions > 1),
            entry("history", "fa-history", _t("History")),
            ...this.marksMenu,
            entry("trash", "fa-trash-o", _t("Delete"), writable),
        ].filter(({isShown}) => isShown);
    }

    /** @returns {Object[]} what other add-ons add to the menu */
    get marksMenu() {
        const {item, on} = this.props;
        return item.marks.flatMap(({icon, menu}) =>
            menu.map(([method, label]) => ({
                name: method,
                icon: icon.split(" ")[0],
                label,
                isShown: true,
                run: () => on.mark(item, method),
            }))
        );
    }

    get label() {
        const {name, typeName, createdBy} = this.props.item;
        const {size, date} = this;
        return _t("%(name)s, %(type)s, %(date)s, %(size)s, added by %(person)s", {
            name,
            type: typeName,
            date,
            size,
            person: createdBy,
        });
    }

    onClick(ev) {
        const {item, isSelecting, on} = this.props;
        if (ev.shiftKey) {
            on.extend(item);
        } else if (ev.ctrlKey || ev.metaKey || isSelecting) {
            on.toggle(item);
        } else {
            on.open(item);
        }
    }

    rename() {
        if (this.props.item.writable) {
            this.state.isRenaming = true;
        }
    }

    onKeydown(ev) {
        if (ev.target !== ev.currentTarget) {
            return;
        }
        if (ev.key === "F2") {
            ev.preventDefault();
            this.rename();
        } else {
            this.props.on.keydown(ev, this.props.item);
        }
    }

    onNameKeydown(ev) {
        ev.stopPropagation();
        if (ev.key === "Enter") {
            ev.preventDefault();
            this.saveName();
        } else if (ev.key === "Escape") {
            this.endRenaming();
        }
    }

    async saveName() {
        const {item, on} = this.props;
        const name = this.nameInput.el?.value.trim();
        if (!this.state.isRenaming) {
            return;
        }
        this.endRenaming();
        if (name && name !== item.name) {
            await on.rename(item, name);
        }
    }

    endRenaming() {
        this.state.isRenaming = false;
    }
}
