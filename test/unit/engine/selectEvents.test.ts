import { describe, expect, it } from "vitest";
import { compileSelection, isSelected } from "../../../framework/engine/selectEvents.js";
import { pathState } from "../../../framework/engine/StreamSchedule.js";

const paths = ["p1", "p2", "other"];
const { pass, fail, exception } = pathState;
const every = [pass, fail, exception];
const states = every.flatMap((a) => every.flatMap((b) => every.map((c) => Uint8Array.of(a, b, c))));

/** CMSSW's table: what a list of specs means for the states of p1, p2 and other. */
const table: [specs: string[], accepts: (p1: number, p2: number, other: number) => boolean][] = [
  [[], () => true],
  [["p1"], (p1) => p1 === pass],
  [["!p1"], (p1) => p1 === fail],
  [["exception@p1"], (p1) => p1 === exception],
  [["p*"], (p1, p2) => p1 === pass || p2 === pass],
  [["p?"], (p1, p2) => p1 === pass || p2 === pass],
  [["*"], (...all) => all.includes(pass)],
  [["!p*"], (p1, p2) => p1 === fail && p2 === fail],
  [["!*"], (...all) => all.every((state) => state === fail)],
  [["exception@p*"], (p1, p2) => p1 === exception || p2 === exception],
  [["p1&noexception"], (...all) => all[0] === pass && !all.includes(exception)],
  [["p1&noex"], (...all) => all[0] === pass && !all.includes(exception)],
  [["p1 & noex"], (...all) => all[0] === pass && !all.includes(exception)],
  [["!p1&noexception"], (...all) => all[0] === fail && !all.includes(exception)],
  [["*", "!*", "exception@*"], () => true],
  [["p1", "other"], (p1, _p2, other) => p1 === pass || other === pass],
  [["p1", "!p2"], (p1, p2) => p1 === pass || p2 === fail],
  [["nothing*"], () => false],
  [["nothing*", "p1"], (p1) => p1 === pass],
];

it.each(table)("SelectEvents %j accepts by the states of the paths", (specs, accepts) => {
  const selection = compileSelection(specs, paths, "module 'out'");
  for (const state of states) {
    const [p1 = 0, p2 = 0, other = 0] = state;
    expect([...state, isSelected(selection, state)]).toEqual([...state, accepts(p1, p2, other)]);
  }
});

describe("a malformed spec", () => {
  it.each([
    ["p3", "there is no path 'p3'; did you mean 'p1'?"],
    ["!nothing*", "no path matches"],
    ["!exception@p1", "'!exception@' has no meaning"],
    ["exception@p1&noexception", "contradict each other"],
    ["p1&noexception&noexception", "only one '&noexception'"],
    ["p1&something", "only one '&noexception'"],
  ])("%s is a Configuration error", (spec, text) => {
    const compile = () => compileSelection([spec], paths, "module 'out'");
    expect(compile).toThrowError(
      expect.objectContaining({ category: "Configuration", message: expect.stringContaining(text) }),
    );
    expect(compile).toThrowError(`module 'out': SelectEvents '${spec}'`);
  });
});
