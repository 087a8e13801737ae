/** Parts of a graph that is not compiled in one piece: units and runs of the reference engine, in turn. */
import type { Executable } from "../../tensorflow/engines.js";
import type { Constants } from "../../tensorflow/reference/makePlan.js";
import type { TensorLike } from "../../tensorflow/Tensor.js";

/** Parts of a graph, one after another; tensors between them are passed by place. */
export class Chain implements Executable {
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

  close(): void {
    for (const { executable } of this.#stages) executable.close?.();
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

function kept({ dtype, shape, data }: TensorLike): TensorLike {
  return { dtype, shape: [...shape], data: data.slice() };
}
