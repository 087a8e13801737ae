/** Ops that compiled code does not compute, and why. */
import type { Lower, LowerTable } from "./Lowering.js";

const random: Lower = (trace) =>
  trace.unsupported(
    "it draws random numbers, which inference does not need; freeze the graph with the learning phase off",
  );

const names = [
  "RandomUniform",
  "RandomUniformInt",
  "RandomStandardNormal",
  "RandomShuffle",
  "TruncatedNormal",
  "Multinomial",
  "StatelessRandomUniform",
  "StatelessRandomNormal",
];

export const randomLowerings: LowerTable = Object.fromEntries(names.map((name) => [name, random]));
