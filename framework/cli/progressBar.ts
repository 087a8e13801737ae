/** Progress for people: a bar on a terminal, CMSSW's plain lines in a log. */
import type { EventProcessor } from "../engine/EventProcessor.js";
import { control } from "../engine/threadPlan.js";

const redrawMs = 100;

export async function watchProgress(processor: EventProcessor): Promise<{ stop(): void }> {
  const { messageLogger } = processor;
  if (!processor.hasProgressBar) return { stop: () => undefined };
  const { default: progress } = await import("cli-progress");
  const total = processor.expectedEvents;
  const format =
    total === undefined
      ? "{value} events | {rate} events/s"
      : "[{bar}] {percentage}% | {value}/{total} events | {rate} events/s | {eta_formatted} left";
  const bars = new progress.MultiBar({
    format,
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: false,
    linewrap: false,
    emptyOnZero: true,
  });
  const bar = bars.create(total ?? 0, 0, { rate: 0 });
  const start = performance.now();
  const done = () => Atomics.load(processor.control, control.eventsDone);
  const draw = () => bar.update(done(), { rate: Math.round((1000 * done()) / (performance.now() - start)) });
  const timer = setInterval(draw, redrawMs);
  const write = messageLogger.write;
  messageLogger.write = (text) => bars.log(text);
  return {
    stop: () => {
      clearInterval(timer);
      draw();
      bars.stop();
      messageLogger.write = write;
    },
  };
}
