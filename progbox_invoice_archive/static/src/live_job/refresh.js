import {onMounted, onWillUnmount} from "@odoo/owl";
import {browser} from "@web/core/browser/browser";
import {ConnectionLostError} from "@web/core/network/rpc";
import {useService} from "@web/core/utils/hooks";

const INTERVAL = 2000;
// For what only waits, or is heard of: one round in so many.
const SLOW_ROUNDS = 15;
// The longest pause after a failure.
const MOST_ROUNDS = 10 * SLOW_ROUNDS;
// As the server has it: models/ir_websocket.py.
const MESSAGE = "progbox_jobs";

/** What is known of the record that is shown, until another one is. */
class Watch {
    constructor(key) {
        this.key = key;
        this.isLooking = false;
        this.failures = 0;
        this.pause = 0;
    }

    /** Whether this round is one of the pause after a failure. */
    isPausing() {
        this.pause = Math.max(this.pause - 1, 0);
        return this.pause > 0;
    }

    noteFailure() {
        this.pause = Math.min(SLOW_ROUNDS * 2 ** this.failures, MOST_ROUNDS);
        this.failures += 1;
    }
}

/**
 * Look again and again at background jobs, as long as a component is there and somebody
 * sees its page: when Odoo's bus says that there is something new, and where there is
 * no bus, as long as jobs are at work. What only waits is looked at seldom.
 *
 * @param {Function} look returns false when it could not, and wants to be asked again
 * @param {Object} options
 * @param {string} options.model of the jobs, on the bus
 * @param {Function} options.isAtWork whether something may come of a job at any moment
 * @param {Function} [options.isOpen] whether something may ever come of one
 * @param {Function} [options.keyOf] another value stands for another record
 * @param {boolean} [options.isSlow] of many jobs, none of which is watched
 */
export function useRefresh(look, {model, isAtWork, isOpen, keyOf, isSlow}) {
    const bus = useService("bus_service");
    let timer = null;
    let round = 0;
    let isHeard = false;
    let watch = new Watch();

    const onMessage = (name) => {
        isHeard = isHeard || name === model;
    };

    function isDue() {
        if (round % SLOW_ROUNDS === 0) {
            return isHeard || (isOpen || isAtWork)();
        }
        return !isSlow && (bus.workerState === "CONNECTED" ? isHeard : isAtWork());
    }

    async function lookOnce(current) {
        current.isLooking = true;
        isHeard = false;
        try {
            isHeard = (await look()) === false || isHeard;
            current.failures = 0;
        } catch (error) {
            isHeard = true;
            // Of a connection that is lost, and of other records, others tell.
            const isSaid = current.failures > 0 || current !== watch;
            if (!(error instanceof ConnectionLostError)) {
                current.noteFailure();
            }
            if (!isSaid) {
                throw error;
            }
        } finally {
            current.isLooking = false;
        }
    }

    function lookAgain() {
        round += 1;
        const key = keyOf?.();
        if (key !== watch.key) {
            watch = new Watch(key);
        }
        if (!document.hidden && !watch.isLooking && !watch.isPausing() && isDue()) {
            return lookOnce(watch);
        }
    }

    onMounted(() => {
        bus.subscribe(MESSAGE, onMessage);
        // It stays: the next page may show the same kind of jobs.
        bus.addChannel(`${MESSAGE}:${model}`);
        timer = browser.setInterval(lookAgain, INTERVAL);
    });
    onWillUnmount(() => {
        bus.unsubscribe(MESSAGE, onMessage);
        browser.clearInterval(timer);
    });
}
