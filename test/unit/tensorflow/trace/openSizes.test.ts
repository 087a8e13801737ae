/** Functions of inputs whose sizes are not known: one graph for every size, or an error that says where it depends on one. */
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { TensorSpec } from "../../../../framework/tensorflow/TensorSpec.js";
import {
  concreteFunction,
  type TraceableFunction,
} from "../../../../framework/tensorflow/trace/concreteFunction.js";
import { eager, expectClose, floats, run } from "./traced.js";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

type Shape = readonly (number | null)[];

/** Compares with tfjs itself for each list of shapes, in both engines. */
async function compare(
  fn: (...xs: tf.Tensor[]) => tf.Tensor,
  specs: readonly Shape[],
  shapes: readonly (readonly (readonly number[])[])[],
): Promise<string[]> {
  const traced = await concreteFunction(
    fn as TraceableFunction,
    specs.map((shape) => new TensorSpec(shape)),
  );
  for (const list of shapes) {
    const inputs = list.map((shape, i) => floats(shape, i));
    const expected = fn(...inputs.map((input) => eager(input)));
    expectClose(run(traced, inputs)[0], expected);
    expectClose(run(traced, inputs, "compiled")[0], expected);
  }
  return traced.graph.nodes.map(({ op }) => op);
}

const batches = [[[1, 4]], [[2, 4]], [[3, 4]], [[9, 4]]];

describe("a function of a batch", () => {
  it("reshapes with -1", async () => {
    const nodes = await compare((x) => tf.reshape(x, [x.shape[0] as number, 2, 2]), [[null, 4]], batches);
    expect(nodes).toEqual(["Placeholder", "Const", "Reshape", "Identity"]);
  });

  it("reshapes to a product of sizes", async () => {
    await compare((x) => tf.reshape(x, [(x.shape[0] as number) * 4]), [[null, 4]], batches);
    await compare((x) => tf.tanh(tf.reshape(tf.reshape(x, [-1]), x.shape)), [[null, 4]], batches);
  });

  it("slices, pads, tiles and broadcasts by it", async () => {
    const n = (x: tf.Tensor) => x.shape[0] as number;
    await compare((x) => tf.slice(x, [0, 1], [n(x), 2]), [[null, 4]], batches);
    await compare((x) => tf.slice(x, [n(x) - 1, 0], [1, 4]), [[null, 4]], batches);
    await compare(
      (x) =>
        tf.pad(x, [
          [n(x), 1],
          [0, 0],
        ]),
      [[null, 4]],
      batches,
    );
    await compare((x) => tf.tile(tf.ones([1, 3]), [n(x), 2]), [[null, 4]], batches);
    await compare((x) => tf.concat([x, tf.ones([n(x), 2])], 1), [[null, 4]], batches);
    await compare(
      (x) => tf.add(x, tf.broadcastTo(tf.tensor2d([[1, 2, 3, 4]]), x.shape as [number, number])),
      [[null, 4]],
      batches,
    );
    await compare((x) => tf.add(tf.zerosLike(x), tf.fill(x.shape, 2.5)), [[null, 4]], batches);
    await compare((x) => tf.mul(tf.expandDims(tf.range(0, n(x)), 1), x), [[null, 4]], batches);
  });

  it("makes lists and rows of it in JavaScript", async () => {
    const rows = <T>(x: tf.Tensor, row: T) => Array.from({ length: x.shape[0] as number }, () => row);
    const list = (x: tf.Tensor) => Array.from({ length: x.shape[0] as number }, (_, i) => i);
    const counted = await compare((x) => tf.gather(x, tf.tensor1d(list(x), "int32")), [[null, 4]], batches);
    expect(counted).toContain("Range");
    const repeated = await compare(
      (x) => tf.add(x, tf.tensor2d(rows(x, [1, 2, 3, 4]))),
      [[null, 4]],
      batches,
    );
    expect(repeated).toContain("BroadcastTo");
    const boxes = (x: tf.Tensor) =>
      tf.image.cropAndResize(
        tf.reshape(x, [x.shape[0] as number, 2, 2, 1]) as tf.Tensor4D,
        rows(x, [0, 0, 0.5, 1]) as never,
        list(x) as never,
        [2, 2],
      );
    await compare(boxes, [[null, 4]], batches);
  });

  it("computes with it", async () => {
    const n = (x: tf.Tensor) => x.shape[0] as number;
    await compare((x) => tf.div(tf.sum(x), n(x)), [[null, 4]], batches);
    await compare((x) => tf.mul(tf.sum(x), 1 / n(x)), [[null, 4]], batches);
    await compare((x) => tf.add(x, n(x) * 0.25 + 1), [[null, 4]], batches);
    await compare((x) => tf.mean(x, 0), [[null, 4]], batches);
  });

  it("joins inputs of one batch, and multiplies inputs of different ones", async () => {
    const pairs = [
      [
        [1, 4],
        [1, 4],
      ],
      [
        [3, 4],
        [3, 4],
      ],
    ];
    await compare(
      (x, y) => tf.concat([tf.add(x as tf.Tensor, y as tf.Tensor), y as tf.Tensor], 1),
      [
        [null, 4],
        [null, 4],
      ],
      pairs,
    );
    const different = [
      [
        [1, 4],
        [2, 4],
      ],
      [
        [3, 4],
        [5, 4],
      ],
    ];
    const nodes = await compare(
      (x, y) =>
        tf.reshape(tf.matMul(x as tf.Tensor, y as tf.Tensor, false, true), [
          (y as tf.Tensor).shape[0] as number,
          (x as tf.Tensor).shape[0] as number,
        ]),
      [
        [null, 4],
        [null, 4],
      ],
      different,
    );
    expect(nodes).toContain("Pack");
  });
});

describe("a function of several open sizes", () => {
  it("flattens sequences, with the sizes of inner tensors", async () => {
    const shapes = [[[1, 6, 3]], [[2, 8, 3]], [[4, 5, 3]]];
    await compare(
      (x) => tf.reshape(x, [(x.shape[0] as number) * (x.shape[1] as number), 3]),
      [[null, null, 3]],
      shapes,
    );
    await compare(
      (x) => {
        const y = tf.maxPool(
          tf.reshape(x, [x.shape[0] as number, x.shape[1] as number, 1, 3]) as tf.Tensor4D,
          [2, 1],
          [2, 1],
          "valid",
        );
        return tf.reshape(y, [y.shape[0], y.shape[1], 3]);
      },
      [[null, null, 3]],
      shapes,
    );
  });

  it("convolves pictures of any size", async () => {
    const kernel = eager<tf.Rank.R4>(floats([3, 3, 2, 4]));
    await compare(
      (x) => tf.mean(tf.relu(tf.conv2d(x as tf.Tensor4D, kernel, 2, "same")), [1, 2]),
      [[null, null, null, 2]],
      [[[1, 7, 9, 2]], [[2, 12, 5, 2]]],
    );
  });
});

describe("what depends on a size in another way", () => {
  const message = (fn: TraceableFunction, shape: Shape) =>
    concreteFunction(fn, [new TensorSpec(shape, "float32", "x")]).then(
      () => "was traced",
      (error: Error) => error.message,
    );

  it("takes as many rounds", async () => {
    const unrolled = (x: tf.Tensor2D) => {
      let sum: tf.Tensor = tf.scalar(0);
      for (let i = 0; i < x.shape[0]; i++) sum = tf.add(sum, tf.sum(tf.slice(x, [i, 0], [1, 4])));
      return sum;
    };
    expect(await message(unrolled, [null, 4])).toMatch(
      /node '[^']+' .* of function 'unrolled' depends on a size.*TensorSpec/s,
    );
    expect(await message((x: tf.Tensor) => tf.stack(tf.unstack(x)), [null, 4])).toMatch(/depends on a size/);
  });

  it("chooses by it", async () => {
    const choosy = (x: tf.Tensor) => ((x.shape[0] as number) > 4 ? tf.exp(x) : tf.tanh(x));
    expect(await message(choosy, [null, 4])).toMatch(/'(Tanh|Exp)'.*(Tanh|Exp)/);
  });

  it("computes what no formula of ours is", async () => {
    const root = (x: tf.Tensor) => tf.mul(x, Math.sqrt(x.shape[0] as number));
    expect(await message(root, [null, 4])).toMatch(/constant '[^']+'.* 'Mul'.*does not follow the sizes/s);
    const rows = (x: tf.Tensor) => tf.mul(x, tf.linspace(0, 1, x.shape[0] as number).dataSync()[1] as number);
    expect(await message(rows, [null, 4])).toMatch(/does not follow|not the same/);
  });
});
