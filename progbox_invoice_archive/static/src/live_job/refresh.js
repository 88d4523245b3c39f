import {onMounted, onWillUnmount} from "@odoo/owl";
import {browser} from "@web/core/browser/browser";

/**
 * Look again and again, as long as a component is there and somebody sees its page.
 *
 * @param {Function} look
 * @param {number} interval in milliseconds
 */
export function useRefresh(look, interval) {
    let timer = null;
    onMounted(() => {
        timer = browser.setInterval(() => document.hidden || look(), interval);
    });
    onWillUnmount(() => browser.clearInterval(timer));
}
