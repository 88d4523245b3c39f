import {Domain} from "@web/core/domain";
import {SearchModel} from "@web/search/search_model";
import {FolderTreeModel} from "../folder_tree/folder_tree_model";

const FOLDER_FACET = Symbol("folder");

/** Search within the folder that is chosen in the tree. */
export class ArchiveSearchModel extends SearchModel {
    setup() {
        super.setup(...arguments);
        this.folderTree = new FolderTreeModel(this.orm);
    }

    async load(config) {
        // An action with a domain shows chosen documents, wherever they are.
        this.hasTree = !config.domain?.length;
        await Promise.all([
            super.load(config),
            this.hasTree && this.folderTree.start(),
        ]);
        this._reset();
    }

    get folderId() {
        return this.hasTree && this.folderTree.selectedId;
    }

    /** Look whether an empty archive is still empty. */
    async refreshEmptyTree() {
        await this.folderTree.start();
        if (!this.folderTree.isEmpty) {
            this._notify();
        }
    }

    /** @param {number|false} folderId false for all folders */
    selectFolder(folderId) {
        this.folderTree.select(folderId);
        this._notify();
    }

    deactivateGroup(groupId) {
        if (groupId === FOLDER_FACET) {
            return this.selectFolder(false);
        }
        return super.deactivateGroup(groupId);
    }

    _getDisplay(display) {
        return {...super._getDisplay(display), searchPanel: this.hasTree};
    }

    _getSearchPanelDomain() {
        const {folderTree, folderId} = this;
        return Domain.and([
            super._getSearchPanelDomain(),
            this.hasTree ? folderTree.domain : [],
            folderId ? folderTree.domainOf(folderId) : [],
        ]);
    }

    /** The folder stands among the filters: a search that is narrowed must say so. */
    _getFacets() {
        const facets = super._getFacets();
        if (!this.folderId || this.env.isSmall) {
            return facets;
        }
        const folder = {
            groupId: FOLDER_FACET,
            type: "filter",
            icon: "fa fa-folder-open-o",
            values: [this.folderTree.path(this.folderId)],
        };
        return [folder, ...facets];
    }

    /** A favorite keeps what was searched, not in which folder. */
    _getIrFilterDescription() {
        const {hasTree} = this;
        this.hasTree = false;
        const description = super._getIrFilterDescription(...arguments);
        this.hasTree = hasTree;
        return description;
    }
}
