/** Views against their definition: the list of places, in order, that each of them walks. */
import { describe, expect, it } from "vitest";
import { LoopIndex, sizeOf, Storage, View } from "../../../../framework/aot/tensor/View.js";
import { Random } from "../codegen/randomSteps.js";
import { positions } from "./positions.js";

/** A view as a shape and the place of each element. */
interface Naive {
  readonly shape: readonly number[];
  readonly places: readonly number[];
}

function placeAt(view: View, at: readonly number[], rounds: ReadonlyMap<LoopIndex, number>): number {
  const own = view.strides.reduce((sum, stride, axis) => sum + stride * (at[axis] as number), view.offset);
  return view.terms.reduce((sum, { index, stride }) => sum + stride * (rounds.get(index) ?? 0), own);
}

function placesOf(view: View, rounds: ReadonlyMap<LoopIndex, number> = new Map()): number[] {
  return positions(view.shape).map((at) => placeAt(view, at, rounds));
}

/** The naive view whose element at `at` is that of `from` at `origin(at)`. */
function picked(
  from: Naive,
  shape: readonly number[],
  origin: (at: readonly number[]) => readonly number[],
): Naive {
  const places = positions(shape).map((at) => {
    const row = origin(at).reduce((index, i, axis) => index * (from.shape[axis] as number) + i, 0);
    return from.places[row] as number;
  });
  return { shape, places };
}

/** Whether any strides walk these places under that shape: each stride is seen at the second element of its axis. */
function isStrided(shape: readonly number[], places: readonly number[]): boolean {
  const [first = 0] = places;
  const all = positions(shape);
  const strides = shape.map((size, axis) => {
    const second = all.findIndex((at) => at.every((i, other) => i === (other === axis ? 1 : 0)));
    return size > 1 ? (places[second] as number) - first : 0;
  });
  return all.every(
    (at, i) => places[i] === at.reduce((sum, n, axis) => sum + n * (strides[axis] as number), first),
  );
}

/** Another shape with as many elements. */
function reshaped(random: Random, count: number): number[] {
  const shape: number[] = [];
  let left = count;
  while (left > 1) {
    const divisors = Array.from({ length: left }, (_, i) => i + 1).filter((n) => n > 1 && left % n === 0);
    const size = random.pick(divisors);
    shape.push(size);
    left /= size;
  }
  if (count === 0) shape.push(0, random.below(4));
  while (random.next() < 0.3) shape.splice(random.below(shape.length + 1), 0, 1);
  return shape;
}

function changed(random: Random, view: View, naive: Naive): [View, Naive] {
  const { rank, shape } = view;
  const kind = random.below(8);
  if (kind === 0) {
    const axes = random.shuffled(shape.map((_, axis) => axis));
    const to = axes.map((axis) => shape[axis] as number);
    const origin = (at: readonly number[]) => shape.map((_, axis) => at[axes.indexOf(axis)] as number);
    return [view.permute(axes), picked(naive, to, origin)];
  }
  if (kind === 1) {
    const axis = random.below(rank + 1);
    return [view.insertAxis(axis), picked(naive, shape.toSpliced(axis, 0, 1), (at) => at.toSpliced(axis, 1))];
  }
  if (kind === 2) {
    const lead = random.shape(1, [0, 1, 2, 3]);
    const to = [...lead, ...shape.map((size) => (size === 1 ? random.pick([0, 1, 2, 3]) : size))];
    const origin = (at: readonly number[]) =>
      at.slice(lead.length).map((i, axis) => (shape[axis] === 1 ? 0 : i));
    return [view.broadcast(to), picked(naive, to, origin)];
  }
  if (kind === 3) {
    const to = reshaped(random, view.count);
    const result = view.reshape(to);
    expect(result === undefined, `[${shape}] (${view.strides}) to [${to}]`).toBe(
      !isStrided(to, naive.places),
    );
    return result ? [result, { shape: to, places: naive.places }] : [view, naive];
  }
  if (rank === 0) return [view, naive];
  const axis = random.below(rank);
  const size = shape[axis] as number;
  if (kind === 4)
    return [view.reverse(axis), picked(naive, shape, (at) => at.with(axis, size - 1 - (at[axis] as number)))];
  if (kind === 5 && size > 0) {
    const position = random.below(size);
    return [
      view.at(axis, position),
      picked(naive, shape.toSpliced(axis, 1), (at) => at.toSpliced(axis, 0, position)),
    ];
  }
  const step = random.pick([1, 1, 2, 3, -1, -2]);
  const begin = random.below(size);
  const room = step > 0 ? size - begin : begin + 1;
  const length = size === 0 ? 0 : random.below(Math.ceil(room / Math.abs(step)) + 1);
  const origin = (at: readonly number[]) => at.with(axis, begin + step * (at[axis] as number));
  return [view.slice(axis, begin, length, step), picked(naive, shape.with(axis, length), origin)];
}

function randomStart(random: Random): [View, Naive] {
  const shape = random.shape(3, [0, 1, 1, 2, 3, 4, 6]);
  const count = sizeOf(shape);
  return [
    View.of(new Storage("s", "float32", count), shape),
    { shape, places: Array.from({ length: count }, (_, i) => i) },
  ];
}

describe("a view", () => {
  it("walks the places that its definition says, whatever it was made by", () => {
    const random = new Random(1);
    for (let round = 0; round < 3000; round++) {
      let [view, naive] = randomStart(random);
      for (let change = 0; change < 6 && view.rank < 6 && view.count < 300; change++) {
        [view, naive] = changed(random, view, naive);
        expect(view.shape).toEqual(naive.shape);
        expect(placesOf(view)).toEqual(naive.places);
        expect(view.count).toBe(naive.places.length);
      }
    }
  });

  it("is dense exactly when its places follow each other, and whole when they are all of its storage", () => {
    const random = new Random(2);
    for (let round = 0; round < 2000; round++) {
      let [view, naive] = randomStart(random);
      for (let change = 0; change < 4 && view.rank < 5 && view.count < 100; change++)
        [view, naive] = changed(random, view, naive);
      if (view.count === 0) continue;
      const isDense = naive.places.every((place, i) => place === (naive.places[0] as number) + i);
      expect(view.isDense).toBe(isDense);
      const isWhole = isDense && naive.places[0] === 0 && view.count === view.storage.count;
      expect(view.isWhole).toBe(isWhole);
    }
  });

  it("walks along with a loop, also when it is changed afterwards", () => {
    const random = new Random(3);
    for (let round = 0; round < 1000; round++) {
      const [view] = randomStart(random);
      const axis = view.shape.findIndex((size) => size > 1);
      if (axis < 0) continue;
      const size = view.shape[axis] as number;
      const step = random.pick([1, 1, -1, 2]);
      const begin = step < 0 ? size - 1 : 0;
      const index = new LoopIndex("loop");
      const moving = view.atIndex(axis, index, begin, step);
      const change = (of: View) => (of.rank > 0 ? of.reverse(0).insertAxis(0) : of.insertAxis(0));
      for (let i = 0; begin + step * i >= 0 && begin + step * i < size; i++)
        expect(placesOf(change(moving), new Map([[index, i]]))).toEqual(
          placesOf(change(view.at(axis, begin + step * i))),
        );
      expect(moving.isWhole).toBe(false);
    }
  });

  it("walks along with two loops at once", () => {
    const view = View.of(new Storage("s", "float32", 12), [3, 4]);
    const [outer, inner] = [new LoopIndex("outer"), new LoopIndex("inner")];
    const moving = view.atIndex(0, outer).atIndex(0, inner, 3, -1);
    const rounds = new Map([
      [outer, 2],
      [inner, 1],
    ]);
    expect(placesOf(moving, rounds)).toEqual([2 * 4 + 2]);
  });

  it("slides windows over its storage", () => {
    const view = View.of(new Storage("s", "float32", 6), [6]).slice(0, 1, 5);
    expect(placesOf(view.strided([3, 3], [1, 1]))).toEqual([1, 2, 3, 2, 3, 4, 3, 4, 5]);
    expect(placesOf(view.strided([2], [-1], 4))).toEqual([4, 3]);
  });

  it("refuses another number of elements, sizes that do not fit, and to drop an axis that is not 1", () => {
    const view = View.of(new Storage("s", "float32", 6), [2, 3]);
    expect(() => view.reshape([7])).toThrow("cannot reshape [2,3] to [7]");
    expect(() => view.broadcast([2, 4])).toThrow("[2,3] cannot be broadcast to [2,4]");
    expect(() => view.broadcast([3])).toThrow("cannot be broadcast");
    expect(() => view.dropAxis(0)).toThrow("axis 0 of [2,3] is not 1");
  });
});
