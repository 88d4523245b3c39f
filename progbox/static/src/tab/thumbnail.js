import {Component, onMounted, onWillUnmount, useRef, useState} from "@odoo/owl";
import {Mutex} from "@web/core/utils/concurrency";
import {loadPDFJSAssets} from "@web/core/utils/pdfjs";
import {smallPage} from "@progbox_invoice_archive/first_page/first_page";
import {contentUrl, iconOf, thumbnailKind} from "./file_kind";

const WIDTH = 320;
const HEIGHT = 220;
// One at a time: they are the last thing that a page should be busy with.
const mutex = new Mutex();
const pages = new Map();
const MOST_PAGES = 500;

/**
 * Draw the first page of a PDF, reading no more of it than that takes.
 *
 * @returns {Promise<string|false>} address of the picture; false for what is no PDF
 */
async function firstPage(address) {
    let task = null;
    try {
        await loadPDFJSAssets();
        task = globalThis.pdfjsLib.getDocument({
            url: address,
            disableAutoFetch: true,
            disableStream: true,
            isEvalSupported: false,
        });
        const page = await (await task.promise).getPage(1);
        const {width} = page.getViewport({scale: 1});
        const viewport = page.getViewport({scale: WIDTH / width});
        const canvas = document.createElement("canvas");
        canvas.width = WIDTH;
        canvas.height = Math.min(viewport.height, HEIGHT);
        const canvasContext = canvas.getContext("2d");
        await page.render({canvasContext, viewport}).promise;
        return canvas.toDataURL("image/jpeg", 0.85);
    } catch {
        return false;
    } finally {
        task?.destroy();
    }
}

/** The first page of a document once it is in sight; till then, and else, an icon. */
export class Thumbnail extends Component {
    static template = "progbox.Thumbnail";
    static props = {item: Object};

    setup() {
        this.root = useRef("root");
        this.state = useState({src: pages.get(this.props.item.id) || false});
        let observer = null;
        onMounted(() => {
            if (this.kind && !this.state.src) {
                observer = new IntersectionObserver((entries) => {
                    if (entries.some(({isIntersecting}) => isIntersecting)) {
                        observer.disconnect();
                        this.load();
                    }
                });
                observer.observe(this.root.el);
            }
        });
        onWillUnmount(() => {
            this.isGone = true;
            observer?.disconnect();
        });
    }

    get kind() {
        return thumbnailKind(this.props.item);
    }

    get icon() {
        return iconOf(this.props.item.mimetype);
    }

    async load() {
        const {item} = this.props;
        if (this.kind === "picture") {
            const route = `/web/image/progbox.document/${item.id}/content`;
            this.state.src = `${route}/${WIDTH}x${WIDTH}?unique=${item.digest}`;
            return;
        }
        const isWanted = () => !this.isGone;
        const src =
            this.kind === "archived"
                ? await smallPage(item.id, item.digest, isWanted)
                : await mutex.exec(() => isWanted() && firstPage(contentUrl(item)));
        if (src) {
            if (pages.size >= MOST_PAGES) {
                pages.clear();
            }
            pages.set(item.id, src);
            this.state.src = src;
        }
    }

    onError() {
        this.state.src = false;
    }
}
