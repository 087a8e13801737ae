/** A call of a compiled model: finds the unit for the shapes it is given, copies in, runs. */
import type { Executable, Runner } from "../../tensorflow/engines.js";
import { parseTensorName } from "../../tensorflow/names.js";
import { copyElements } from "../../tensorflow/dtypes.js";
import type { Constants } from "../../tensorflow/reference/makePlan.js";
import { showShape, type TensorLike } from "../../tensorflow/Tensor.js";
import { isElementType } from "../tensor/View.js";
import { Unsupported } from "../lower/traceValues.js";
import { UncompiledBranch } from "../loadUnit.js";
import type { CodeLayout, Slot, Unit } from "../Unit.js";
import type { CompiledModel } from "./CompiledEngine.js";
import { noteUncompiled } from "./explanations.js";
import { split } from "./split.js";
import { unitFor, warm } from "./units.js";

/** Shapes that are kept ready; the one that was not used for longest goes first. */
const maxShapes = 256;

interface Ready {
  readonly unit: Unit;
  readonly shapes: readonly (readonly number[])[];
  readonly run: (feeds: readonly TensorLike[]) => readonly TensorLike[];
}

export class CompiledExecutable implements Executable {
  readonly #model: CompiledModel;
  readonly #feeds: readonly string[];
  readonly #fetches: readonly string[];
  /** The last used first. */
  readonly #ready: Ready[] = [];
  /** Set when the graph is not compiled in one piece: for every shape the same parts. */
  #parts: Executable | undefined;
  readonly #runners: Runner[] = [];
  readonly #reasons: string[] = [];

  constructor(model: CompiledModel, feeds: readonly string[], fetches: readonly string[]) {
    this.#model = model;
    this.#feeds = feeds;
    this.#fetches = fetches;
  }

  /** Bytes that the reference engine holds for its parts. */
  get arenaBytes(): number {
    return this.#runners.reduce((sum, runner) => sum + runner.arenaBytes, 0);
  }

  run(feeds: readonly TensorLike[]): readonly TensorLike[] {
    if (this.#parts) return this.#parts.run(feeds);
    const ready = this.#ready;
    for (let i = 0; i < ready.length; i++) {
      const known = ready[i] as Ready;
      if (!fits(known, feeds)) continue;
      if (i > 0) {
        ready.splice(i, 1);
        ready.unshift(known);
      }
      return known.run(feeds);
    }
    return this.#prepare(feeds).run(feeds);
  }

  explain(): readonly string[] {
    const units = this.#ready.map(({ shapes, unit }) => showUnit(this.#feeds, shapes, unit.layout));
    return [...this.#reasons, ...(this.#parts?.explain?.() ?? units)];
  }

  /** Compiles for one row, where the graph says what a row is: mistakes show before the first event. */
  warmUp(): void {
    const feeds = this.#feeds.map((name) => {
      const { node, port } = parseTensorName(name);
      const declared = port === 0 ? this.#model.index.placeholder(node) : undefined;
      const isKnown = declared?.dtype && declared.shape?.slice(1).every((size) => size >= 0);
      if (!isKnown || !declared.dtype) return undefined;
      return { dtype: declared.dtype, shape: (declared.shape as number[]).map((size) => Math.abs(size)) };
    });
    if (feeds.every((feed) => feed !== undefined)) this.#prepare(feeds);
  }

  #prepare(feeds: readonly Pick<TensorLike, "dtype" | "shape">[]): Executable {
    try {
      const unsupported = feeds.findIndex(({ dtype }) => !isElementType(dtype));
      if (unsupported >= 0)
        return this.#asReference(`input '${this.#feeds[unsupported]}' has a dtype that is not compiled`);
      const unit = unitFor(this.#model, this.#named(feeds), this.#fetches);
      warm(unit);
      const run = this.#orReference(unit, caller(unit));
      const made: Ready = { unit, shapes: feeds.map(({ shape }) => [...shape]), run };
      this.#ready.unshift(made);
      if (this.#ready.length > maxShapes) this.#ready.pop();
      return made;
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
      return this.#inParts(error);
    }
  }

  #named(feeds: readonly Pick<TensorLike, "dtype" | "shape">[]) {
    return feeds.map(({ dtype, shape }, i) => ({ name: this.#feeds[i] as string, dtype, shape: [...shape] }));
  }

  /** `reason` is a whole sentence without its full stop. */
  #note(reason: string): void {
    noteUncompiled(reason);
    this.#reasons.push(reason);
  }

  #asReference(reason: string): Executable {
    this.#note(reason);
    this.#parts = this.#reference(this.#feeds, this.#fetches);
    return this.#parts;
  }

  /** A branch that is not compiled is one of another run: that run goes to the reference engine as a whole. */
  #orReference(unit: Unit, run: Ready["run"]): Ready["run"] {
    if (unit.layout.uncompiled.length === 0) return run;
    for (const reason of unit.layout.uncompiled) this.#note(reason);
    let reference: Executable | undefined;
    return (feeds) => {
      try {
        return run(feeds);
      } catch (error) {
        if (!(error instanceof UncompiledBranch)) throw error;
        reference ??= this.#reference(this.#feeds, this.#fetches);
        return reference.run(feeds);
      }
    };
  }

  #reference(feeds: readonly string[], fetches: readonly string[]): Executable {
    const runner = this.#model.reference.createRunner();
    this.#runners.push(runner);
    return runner.prepare(feeds.map(parseTensorName), fetches.map(parseTensorName));
  }

  #inParts({ node, message }: Unsupported): Executable {
    const { index, constants } = this.#model.reference;
    const names = [this.#feeds, this.#fetches].map((list) => list.map(parseTensorName));
    const parts = split(index, constants, names[0] ?? [], names[1] ?? [], node);
    if (!parts)
      return this.#asReference(`${message}; it cannot be cut out, so all of the graph is not compiled`);
    this.#note(message);
    const executables = parts.map(({ kind, feeds, fetches }) =>
      kind === "reference"
        ? this.#reference(feeds, fetches)
        : new CompiledExecutable(this.#model, feeds, fetches),
    );
    this.#parts = new Chain(this.#feeds, this.#fetches, parts, executables, constants);
    return this.#parts;
  }
}

/** Parts of a graph, one after another; tensors between them are passed by place. */
class Chain implements Executable {
  readonly #tensors: TensorLike[] = [];
  readonly #stages: readonly { executable: Executable; from: number[]; given: TensorLike[]; to: number[] }[];
  readonly #fetches: readonly number[];
  readonly #results: TensorLike[] = [];

  constructor(
    feeds: readonly string[],
    fetches: readonly string[],
    parts: readonly { readonly feeds: readonly string[]; readonly fetches: readonly string[] }[],
    executables: readonly Executable[],
    constants: Constants,
  ) {
    const places = new Map(feeds.map((name, place) => [name, place]));
    const placeOf = (name: string) => {
      const place = places.get(name) ?? places.size;
      places.set(name, place);
      return place;
    };
    this.#stages = parts.map((part, i) => ({
      executable: executables[i] as Executable,
      from: part.feeds.map(placeOf),
      given: [],
      to: part.fetches.map(placeOf),
    }));
    this.#fetches = fetches.map(placeOf);
    // No part computes what is constant; a constant that is fed is overwritten at each run.
    for (const name of fetches)
      if (constants.has(name)) this.#tensors[placeOf(name)] = constants.get(name) as TensorLike;
  }

  explain(): readonly string[] {
    return this.#stages.flatMap(
      ({ executable }) => executable.explain?.() ?? "one part in the reference engine",
    );
  }

  run(feeds: readonly TensorLike[]): readonly TensorLike[] {
    for (let i = 0; i < feeds.length; i++) this.#tensors[i] = feeds[i] as TensorLike;
    for (const { executable, from, given, to } of this.#stages) {
      for (let i = 0; i < from.length; i++) given[i] = this.#tensors[from[i] as number] as TensorLike;
      const results = executable.run(given);
      // The next part may be compiled code in the same arena.
      for (let i = 0; i < to.length; i++) this.#tensors[to[i] as number] = kept(results[i] as TensorLike);
    }
    for (let i = 0; i < this.#fetches.length; i++)
      this.#results[i] = this.#tensors[this.#fetches[i] as number] as TensorLike;
    return this.#results;
  }
}

function showUnit(feeds: readonly string[], shapes: Ready["shapes"], layout: CodeLayout): string {
  const given = feeds.map((name, i) => `${name}${showShape(shapes[i] ?? null)}`).join(", ");
  const kB = (bytes: number) => `${Math.ceil(bytes / 1000)} kB`;
  const constants = layout.constants.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const { target, features, kernels, codeBytes, arenaBytes } = layout;
  return (
    `compiled for ${given}: ${kernels} kernels, ${kB(codeBytes)} of ${target} code (${features}), ` +
    `${kB(constants)} of constants, ${kB(arenaBytes)} of working memory`
  );
}

function kept({ dtype, shape, data }: TensorLike): TensorLike {
  return { dtype, shape: [...shape], data: data.slice() };
}

function fits({ shapes, unit }: Ready, feeds: readonly TensorLike[]): boolean {
  for (let i = 0; i < shapes.length; i++) {
    const expected = shapes[i] as readonly number[];
    const { dtype, shape } = feeds[i] as TensorLike;
    // Only what is no placeholder may change its dtype from run to run.
    if (shape.length !== expected.length || dtype !== unit.layout.inputs[i]?.dtype) return false;
    for (let axis = 0; axis < shape.length; axis++) if (shape[axis] !== expected[axis]) return false;
  }
  return true;
}

function caller(unit: Unit): Ready["run"] {
  const { inputs, outputs } = unit;
  return (feeds) => {
    for (let i = 0; i < inputs.length; i++) {
      copyElements((feeds[i] as TensorLike).data, (inputs[i] as Slot).data);
    }
    unit.run();
    return outputs;
  };
}
