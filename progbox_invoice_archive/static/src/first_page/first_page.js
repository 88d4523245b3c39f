import {Component, onMounted, onWillUnmount, useRef, useState} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {Mutex} from "@web/core/utils/concurrency";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";

// One at a time: they are the last thing that a server should be busy with.
const mutex = new Mutex();

/**
 * Have the server draw a first page, small; the browser keeps it.
 *
 * @param {Function} isWanted asked when its turn has come
 * @returns {Promise<string|false>} its address; false where there is none, or no time
 */
export function smallPage(id, digest, isWanted) {
    return mutex.exec(async () => {
        const picture = new Image();
        try {
            if (isWanted()) {
                picture.src = `/progbox/document/${id}/first_page?unique=${digest}`;
                await picture.decode();
                return picture.src;
            }
        } catch {
            // There is none.
        }
        return false;
    });
}

/**
 * The first page of a document on its card, once that is in sight; till then, and where
 * there is none to be seen, an icon. To look at it is not to open the document.
 */
export class FirstPage extends Component {
    static template = "progbox_invoice_archive.FirstPage";
    static props = standardWidgetProps;

    setup() {
        this.root = useRef("root");
        this.state = useState({url: false});
        const observer = new IntersectionObserver((entries) => {
            if (entries.some(({isIntersecting}) => isIntersecting)) {
                observer.disconnect();
                this.load();
            }
        });
        onMounted(() => this.isPdf && observer.observe(this.root.el));
        onWillUnmount(() => {
            this.isGone = true;
            observer.disconnect();
        });
    }

    get isPdf() {
        return this.props.record.data.mimetype === "application/pdf";
    }

    get icon() {
        if (this.isPdf) {
            return "fa-file-pdf-o";
        }
        const isPicture = `${this.props.record.data.mimetype}`.startsWith("image/");
        return isPicture ? "fa-file-image-o" : "fa-file-code-o";
    }

    async load() {
        const {data, resId} = this.props.record;
        this.state.url = await smallPage(resId, data.sha256, () => !this.isGone);
    }
}

registry.category("view_widgets").add("progbox_first_page", {
    component: FirstPage,
    fieldDependencies: [
        {name: "mimetype", type: "char"},
        {name: "sha256", type: "char"},
    ],
});
