import {Component, useRef, useState} from "@odoo/owl";
import {Dialog} from "@web/core/dialog/dialog";
import {useAutofocus} from "@web/core/utils/hooks";

/** Asks for the name of a folder; whoever makes it says whether it can be. */
export class FolderNameDialog extends Component {
    static template = "progbox.FolderNameDialog";
    static components = {Dialog};
    static props = {
        title: String,
        label: String,
        name: {type: String, optional: true},
        save: Function,
        close: Function,
    };

    setup() {
        this.input = useRef("autofocus");
        // What is written stays when the dialog is drawn again: after a refusal.
        this.state = useState({name: this.props.name || "", isBusy: false});
        useAutofocus({selectAll: true});
    }

    async onSubmit() {
        if (this.state.isBusy || !this.input.el.reportValidity()) {
            return;
        }
        this.state.isBusy = true;
        try {
            await this.props.save(this.state.name);
            this.props.close();
        } finally {
            // A refusal is shown by Odoo; the name can be mended here.
            this.state.isBusy = false;
        }
    }
}

/** Asks where to move a folder. */
export class FolderTargetDialog extends Component {
    static template = "progbox.FolderTargetDialog";
    static components = {Dialog};
    static props = {
        title: String,
        targets: Array,
        move: Function,
        close: Function,
    };

    setup() {
        this.select = useRef("autofocus");
        this.state = useState({isBusy: false});
        useAutofocus();
    }

    async onSubmit() {
        if (this.state.isBusy) {
            return;
        }
        this.state.isBusy = true;
        try {
            await this.props.move(Number(this.select.el.value));
            this.props.close();
        } finally {
            // A refusal is shown by Odoo; another folder can be chosen here.
            this.state.isBusy = false;
        }
    }
}
