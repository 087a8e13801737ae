/** Milliseconds to the first event of an empty job, called without npx. Peer: bare node, in alternation. */
import { median, startupArguments, timeUntil } from "./run.mjs";

const rounds = 11;

export async function startup() {
  const ours = [];
  const bare = [];
  await timeUntil(startupArguments(), /1st record/);
  for (let round = 0; round < rounds; round++) {
    ours.push(await timeUntil(startupArguments(), /1st record/));
    bare.push(await timeUntil(["-e", "0"]));
  }
  const value = median(ours);
  return [
    {
      case: "startup: to the first event",
      value,
      unit: "ms",
      peer: "bare node",
      ratio: value / median(bare),
      target: 150,
      of: "value",
      better: "lower",
    },
  ];
}
