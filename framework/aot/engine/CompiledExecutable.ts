/** A call of a compiled model: finds the unit for the shapes it is given, copies in, runs. */
import { Exception } from "../../base/errors.js";
import type { Executable, FeedType, Runner } from "../../tensorflow/engines.js";
import { parseTensorName } from "../../tensorflow/names.js";
import { copyData } from "../../tensorflow/dtypes.js";
import { showShape, type TensorLike } from "../../tensorflow/Tensor.js";
import { isElementType } from "../tensor/View.js";
import type { Feed } from "../lower/traceGraph.js";
import { Unsupported } from "../lower/traceValues.js";
import { UncompiledBranch, warmUp } from "../loadUnit.js";
import type { CodeLayout, CompiledCode, Slot, Unit } from "../Unit.js";
import { compilerVersion } from "../targets.js";
import { Chain } from "./Chain.js";
import { compileInThread } from "./compileInThread.js";
import { noteUncompiled } from "./explanations.js";
import { split } from "./split.js";
import { type CompilableGraph, isCompiled, type SharedUnit, unitFor } from "./units.js";

/** Shapes that are kept ready; the one that was not used for longest goes first. */
const maxShapes = 256;

interface Made extends Executable {
  readonly unit?: SharedUnit;
}

interface Ready extends Made {
  readonly types: readonly FeedType[];
}

export class CompiledExecutable implements Executable {
  readonly #model: CompilableGraph;
  readonly #feeds: readonly string[];
  readonly #fetches: readonly string[];
  /** The last used first. */
  readonly #ready: Ready[] = [];
  /** Where the graph is not compiled in one piece: by the reason, since other shapes may have the same. */
  readonly #parts = new Map<string, Executable>();
  readonly #runners: Runner[] = [];
  #isClosed = false;

  constructor(model: CompilableGraph, feeds: readonly string[], fetches: readonly string[]) {
    this.#model = model;
    this.#feeds = feeds;
    this.#fetches = fetches;
  }

  /** Bytes that the reference engine holds for its parts. */
  get arenaBytes(): number {
    return this.#runners.reduce((sum, runner) => sum + runner.arenaBytes, 0);
  }

  run(feeds: readonly TensorLike[]): readonly TensorLike[] {
    const ready = this.#ready;
    for (let i = 0; i < ready.length; i++) {
      const known = ready[i] as Ready;
      if (!fits(known.types, feeds)) continue;
      if (i > 0) {
        ready.splice(i, 1);
        ready.unshift(known);
      }
      return known.run(feeds);
    }
    return this.#prepare(feeds).run(feeds);
  }

  explain(): readonly string[] {
    return [...new Set(this.#ready.flatMap((ready) => ready.explain?.() ?? []))];
  }

  /** Compiles for one row, where the graph says what a row is: mistakes show before the first event. */
  warmUpRow(): void {
    const feeds = this.#feeds.map((name) => {
      const { node, port } = parseTensorName(name);
      const declared = port === 0 ? this.#model.reference.index.placeholder(node) : undefined;
      const isKnown = declared?.dtype && declared.shape?.slice(1).every((size) => size >= 0);
      if (!isKnown || !declared.dtype) return undefined;
      return { dtype: declared.dtype, shape: (declared.shape as number[]).map((size) => Math.abs(size)) };
    });
    if (feeds.every((feed) => feed !== undefined)) this.#prepare(feeds);
  }

  warmUp(feeds: readonly FeedType[], code?: CompiledCode): void {
    if (!this.#isReady(feeds)) this.#prepare(feeds, code);
  }

  async warmUpInBackground(all: readonly (readonly FeedType[])[]): Promise<void> {
    const missing = all.filter((feeds) => !this.#isReady(feeds) && !this.#isQuick(feeds));
    for (const feeds of all) if (!missing.includes(feeds)) this.warmUp(feeds);
    if (missing.length === 0) return;
    const order = {
      model: this.#model.toShared(),
      units: missing.map((feeds) => this.#named(feeds)),
      fetches: this.#fetches,
    };
    await compileInThread(order, (index, code) => {
      if (!this.#isClosed) this.warmUp(missing[index] as readonly FeedType[], code);
      return !this.#isClosed;
    });
  }

  #isReady(feeds: readonly FeedType[]): boolean {
    return this.#ready.some(({ types }) => fits(types, feeds));
  }

  /** Nothing to compile; or not built, so that there is no file to start a thread from. */
  #isQuick(feeds: readonly FeedType[]): boolean {
    if (compilerVersion === "source" || feeds.some(({ dtype }) => !isElementType(dtype))) return true;
    return isCompiled(this.#model, this.#named(feeds), this.#fetches);
  }

  #named(types: readonly FeedType[]): Feed[] {
    return types.map(({ dtype, shape }, i) => ({ name: this.#feeds[i] as string, dtype, shape }));
  }

  /** Gives the code's memory back; a later run throws InvalidSession. */
  close(): void {
    this.#isClosed = true;
    for (const { unit } of this.#ready) unit?.release();
    this.#ready.length = 0;
    for (const part of this.#parts.values()) part.close?.();
    this.#parts.clear();
  }

  #prepare(feeds: readonly FeedType[], code?: CompiledCode): Executable {
    if (this.#isClosed)
      throw new Exception("InvalidSession", "cannot run empty session: it has been closed.");
    const types = feeds.map(({ dtype, shape }) => ({ dtype, shape: [...shape] }));
    const made: Ready = { types, ...this.#make(types, code) };
    this.#ready.unshift(made);
    if (this.#ready.length > maxShapes) this.#ready.pop()?.unit?.release();
    return made;
  }

  #make(types: readonly FeedType[], code?: CompiledCode): Made {
    const strange = types.findIndex(({ dtype }) => !isElementType(dtype));
    if (strange >= 0)
      return this.#asReference(
        `input '${this.#feeds[strange]}' is of dtype ${types[strange]?.dtype}, which is not compiled`,
      );
    try {
      const shared = unitFor(this.#model, this.#named(types), this.#fetches, code);
      warmUp(shared.unit);
      return this.#called(shared);
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
      return this.#inParts(error);
    }
  }

  #asReference(reason: string): Executable {
    return this.#once(reason, () => this.#reference(this.#feeds, this.#fetches));
  }

  /** What was made for that reason, a whole sentence without its full stop. */
  #once(reason: string, make: () => Executable): Executable {
    const executable = this.#parts.get(reason) ?? make();
    if (!this.#parts.has(reason)) noteUncompiled(reason);
    this.#parts.set(reason, executable);
    const parts = () => executable.explain?.() ?? ["all of it in the reference engine"];
    return { run: (feeds) => executable.run(feeds), explain: () => [reason, ...parts()] };
  }

  #called(shared: SharedUnit): Made {
    const { unit } = shared;
    const { uncompiled } = unit.layout;
    const run = uncompiled.length > 0 ? this.#orReference(caller(unit)) : caller(unit);
    for (const reason of uncompiled) noteUncompiled(reason);
    return { run, explain: () => [...uncompiled, showUnit(unit.layout)], unit: shared };
  }

  /** A branch that is not compiled is one of another run: that run goes to the reference engine as a whole. */
  #orReference(run: Executable["run"]): Executable["run"] {
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
    const [feeds, fetches] = [this.#feeds, this.#fetches];
    const parts = split(index, constants, feeds.map(parseTensorName), fetches.map(parseTensorName), node);
    if (!parts)
      return this.#asReference(`${message}; it cannot be cut out, so all of the graph is not compiled`);
    return this.#once(message, () => {
      const executables = parts.map((part) =>
        part.kind === "reference"
          ? this.#reference(part.feeds, part.fetches)
          : new CompiledExecutable(this.#model, part.feeds, part.fetches),
      );
      return new Chain(feeds, fetches, parts, executables, constants);
    });
  }
}

function showUnit(layout: CodeLayout): string {
  const given = layout.inputs.map(({ name, shape }) => `${name}${showShape(shape)}`).join(", ");
  const kB = (bytes: number) => `${Math.ceil(bytes / 1000)} kB`;
  const constants = layout.constants.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const { target, features, kernels, codeBytes, arenaBytes } = layout;
  return (
    `compiled for ${given}: ${kernels} kernels, ${kB(codeBytes)} of ${target} code (${features}), ` +
    `${kB(constants)} of constants, ${kB(arenaBytes)} of working memory`
  );
}

function fits(types: readonly FeedType[], feeds: readonly FeedType[]): boolean {
  for (let i = 0; i < types.length; i++) {
    const expected = types[i] as FeedType;
    const { dtype, shape } = feeds[i] as FeedType;
    // Only what is no placeholder may change its dtype from run to run.
    if (shape.length !== expected.shape.length || dtype !== expected.dtype) return false;
    for (let axis = 0; axis < shape.length; axis++) if (shape[axis] !== expected.shape[axis]) return false;
  }
  return true;
}

function caller(unit: Unit): Executable["run"] {
  const { inputs, outputs } = unit;
  return (feeds) => {
    for (let i = 0; i < inputs.length; i++) {
      copyData((feeds[i] as TensorLike).data, (inputs[i] as Slot).data);
    }
    unit.run();
    return outputs;
  };
}
