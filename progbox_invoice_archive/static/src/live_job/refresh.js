import {onMounted, onWillUnmount} from "@odoo/owl";
import {browser} from "@web/core/browser/browser";
import {ConnectionLostError} from "@web/core/network/rpc";

/**
 * Look again and again, as long as a component is there and somebody sees its page.
 *
 * @param {Function} look
 * @param {number} interval in milliseconds
 */
export function useRefresh(look, interval) {
    let timer = null;
    let isLooking = false;

    async function lookAgain() {
        if (document.hidden || isLooking) {
            return;
        }
        isLooking = true;
        try {
            await look();
        } catch (error) {
            // Whoever may not look any more is told so once. A connection comes back.
            if (!(error instanceof ConnectionLostError)) {
                browser.clearInterval(timer);
            }
            throw error;
        } finally {
            isLooking = false;
        }
    }

    onMounted(() => {
        timer = browser.setInterval(lookAgain, interval);
    });
    onWillUnmount(() => browser.clearInterval(timer));
}
