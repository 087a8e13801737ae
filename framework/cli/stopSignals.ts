/** What Ctrl-C and kill do to a long-running command: the first asks it to stop cleanly, another one ends it at once. */
import { constants } from "node:os";

/** One Ctrl-C may come twice: from the terminal, and from npx. */
const samePressMs = 500;

/** Calls `stop` at the first of these signals, and `exit` with 128 + the signal's number at a later one. */
export function onStopSignal(
  signals: readonly NodeJS.Signals[],
  stop: () => void,
  exit: (code: number) => void = (code) => process.exit(code),
): void {
  let firstMs: number | undefined;
  const came = (signal: NodeJS.Signals) => {
    const nowMs = performance.now();
    if (firstMs === undefined) {
      firstMs = nowMs;
      stop();
    } else if (nowMs - firstMs > samePressMs) exit(128 + constants.signals[signal]);
  };
  for (const signal of signals) process.on(signal, came);
}
