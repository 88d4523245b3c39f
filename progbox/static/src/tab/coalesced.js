/**
 * @param {() => Promise} run
 * @returns {() => Promise} the same, never twice at once: what comes meanwhile is done
 *     once afterwards, as ten files that arrive one after the other want it ten times
 */
export function coalesced(run) {
    let running = null;
    let next = null;
    return function start() {
        if (!running) {
            running = Promise.resolve(run()).finally(() => (running = null));
            return running;
        }
        const again = () => {
            next = null;
            return start();
        };
        next = next || running.then(again, again);
        return next;
    };
}
