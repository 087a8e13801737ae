/** Progress while many models are loaded: a bar on a terminal, now and then a line in a log. */

/** What takes less is not told. */
const quietMs = 1000;
const betweenLinesMs = 5000;

export interface LoadingProgress {
  /** To be called before each model, and with `count` loaded at the end. */
  update(loaded: number, count: number, next?: string): void;
}

export async function loadingProgress(tool: string, stream = process.stderr): Promise<LoadingProgress> {
  if (!stream.isTTY) return linesOf(tool, (line) => stream.write(line), performance.now());
  const { default: progress } = await import("cli-progress");
  const format = `${tool}: [{bar}] {value}/{total} models {next}`;
  const bar = new progress.SingleBar({
    format,
    stream,
    hideCursor: true,
    linewrap: false,
    clearOnComplete: true,
  });
  return {
    update(loaded, count, next = "") {
      if (count < 2) return;
      if (loaded === 0) bar.start(count, 0, { next });
      else bar.update(loaded, { next });
      if (loaded === count) bar.stop();
    },
  };
}

/** For a log. */
export function linesOf(
  tool: string,
  write: (line: string) => void,
  startMs: number,
  clock = () => performance.now(),
): LoadingProgress {
  let nextMs = startMs + quietMs;
  return {
    update(loaded, count, next) {
      if (next === undefined || count < 2 || clock() < nextMs) return;
      nextMs = clock() + betweenLinesMs;
      write(`${tool}: ${loaded} of ${count} models are loaded; next is '${next}'\n`);
    },
  };
}
