/** Contractions as code, in the checked interpreter, against their definition; and equal bits for every number of rows. */
import { describe, expect, it } from "vitest";
import { type CodegenContext, elementMemory } from "../../../../framework/aot/codegen/context.js";
import { prepareContract } from "../../../../framework/aot/codegen/contractPacking.js";
import { generateContract } from "../../../../framework/aot/codegen/generateContract.js";
import { generateMap } from "../../../../framework/aot/codegen/generateMap.js";
import { evaluateStep } from "../../../../framework/aot/codegen/slow.js";
import { i32 } from "../../../../framework/aot/kernel/expr.js";
import { interpret } from "../../../../framework/aot/kernel/interpreter/interpret.js";
import {
  type Block,
  blockAlignment,
  type Program,
  roundUp,
  statusBlock,
  type Target,
} from "../../../../framework/aot/kernel/ir.js";
import { KernelBuilder } from "../../../../framework/aot/kernel/KernelBuilder.js";
import { accumulator, call, cast, read } from "../../../../framework/aot/tensor/element.js";
import type { ContractStep, Element, MapStep } from "../../../../framework/aot/tensor/ir.js";
import { type ElementType, LoopIndex, sizeOf, Storage, View } from "../../../../framework/aot/tensor/View.js";
import { viewsOf } from "../../../../framework/aot/tensor/element.js";
import { newData } from "../../../../framework/tensorflow/dtypes.js";
import { Random, randomView } from "./randomSteps.js";
import { differences, type Numbers } from "./runStep.js";

const targets: Target[] = [
  { name: "wasm", lanes: 4, hasFma: false, vectorRegisters: 16 },
  { name: "native", lanes: 4, hasFma: true, vectorRegisters: 32 },
  { name: "native", lanes: 8, hasFma: true, vectorRegisters: 16 },
  { name: "native", lanes: 16, hasFma: true, vectorRegisters: 32 },
];

/** Any floats: sums are compared by bits. */
function randomFloats(random: Random, storage: Storage): Numbers {
  const data = newData(storage.dtype, storage.count) as Numbers;
  for (let i = 0; i < data.length; i++) {
    const value = storage.dtype.startsWith("float") ? random.next() * 4 - 2 : random.below(9) - 4;
    (data as { [at: number]: number | bigint })[i] = storage.dtype === "int64" ? BigInt(value) : value;
  }
  return data;
}

type Data = Map<Storage, Numbers>;

function storagesOf(step: ContractStep | MapStep): Storage[] {
  const views =
    step.kind === "map"
      ? [step.out, ...viewsOf(step.value)]
      : [step.out, step.left, step.right, ...viewsOf(step.epilogue)];
  return [...new Set(views.map(({ storage }) => storage))];
}

/** Prepares, generates and interprets; each storage but scratch is filled from `data`. */
function run(
  step: ContractStep,
  data: Data,
  target: Target,
  loops: ReadonlyMap<LoopIndex, number> = new Map(),
) {
  const { before, step: prepared } = prepareContract(step, target);
  const steps = [...(before as MapStep[]), prepared];
  const blocks = new Map<Storage, Block>();
  const constants: Program["constants"][number][] = [];
  let end = blockAlignment;
  for (const storage of new Set(steps.flatMap(storagesOf))) {
    const sizeBytes = roundUp(Math.max(1, storage.count * elementMemory[storage.dtype].sizeBytes));
    const { name } = storage;
    if (storage.data) {
      const bytes = new Uint8Array(sizeBytes).fill(0xff);
      const { data: own } = storage;
      bytes.set(new Uint8Array(own.buffer, own.byteOffset, own.byteLength));
      const block: Block = { name, space: "constant", sizeBytes, place: constants.length };
      blocks.set(storage, block);
      constants.push({ block, bytes });
    } else {
      blocks.set(storage, { name, space: "arena", sizeBytes, place: end });
      end += sizeBytes;
    }
  }
  const context: CodegenContext = {
    target,
    loops: [...loops.keys()],
    status: statusBlock(),
    blockOf: (storage) => blocks.get(storage) as Block,
    fault: () => 1,
  };
  const main = new KernelBuilder("main");
  for (const part of steps) {
    const kernel = part.kind === "map" ? generateMap(part, context) : generateContract(part, context);
    main.call(kernel, [...loops.values()].map(i32));
  }
  // Padding and what nobody has written are NaN.
  const arena = new Uint8Array(new ArrayBuffer(end)).fill(0xff);
  const at = (storage: Storage) => {
    const { constructor: Numbers } = newData(storage.dtype, 0);
    const At = Numbers as new (buffer: ArrayBuffer, from: number, count: number) => Numbers;
    return new At(arena.buffer, (blocks.get(storage) as Block).place, storage.count);
  };
  const filled: Block[] = [];
  for (const [storage, block] of blocks) {
    const values = data.get(storage);
    if (!values || storage.data) continue;
    at(storage).set(values as never);
    filled.push(block);
  }
  const program: Program = { target, main: main.build(), constants, arenaBytes: end };
  interpret(program, arena, { reads: "own", filled });
  return { out: at(step.out.storage).slice(), prepared };
}

function slow(step: ContractStep, data: Data, loops: ReadonlyMap<LoopIndex, number> = new Map()): Numbers {
  const out = (data.get(step.out.storage) as Numbers).slice();
  evaluateStep(step, {
    dataOf: (storage) =>
      (storage === step.out.storage ? out : (storage.data ?? data.get(storage))) as Numbers,
    iterationOf: (index) => loops.get(index) as number,
  });
  return out;
}

function fill(random: Random, step: ContractStep, data: Data): Data {
  for (const storage of storagesOf(step))
    if (!data.has(storage) && !storage.data) data.set(storage, randomFloats(random, storage));
  return data;
}

function constantOf(random: Random, view: View): View {
  const { storage } = view;
  const constant = new Storage(
    storage.name,
    storage.dtype,
    storage.count,
    randomFloats(random, storage) as Float32Array,
  );
  return new View(constant, view.shape, view.strides, view.offset, view.terms);
}

const sizes = [1, 1, 2, 3, 4, 5, 7, 8, 9, 13, 16, 17, 20, 33, 40, 70];

function epilogueOf(random: Random, shape: readonly number[], dtype: ElementType): Element {
  const sum = accumulator(dtype);
  const bias = () => read(randomView(random, shape.slice(-1), dtype), shape);
  const full = () => read(randomView(random, shape, dtype), shape);
  switch (random.below(6)) {
    case 0:
      return sum;
    case 1:
      return call("add", sum, bias());
    case 2:
      return call("maximum", call("add", sum, bias()), {
        kind: "constant",
        dtype,
        value: dtype === "int64" ? 0n : 0,
      });
    case 3:
      return call("add", full(), call("mul", sum, full()));
    case 4:
      return dtype === "float32" ? call("tanh", call("add", sum, bias())) : sum;
    default:
      return dtype === "float32" ? cast(call("add", sum, full()), "float64") : sum;
  }
}

function randomStep(random: Random, dtype: ElementType): ContractStep {
  const m = random.shape(3, [1, 2, 3, 5, 6]);
  const k = random.next() < 0.5 ? [random.pick([0, ...sizes])] : random.shape(3, [1, 2, 3, 5, 9]);
  const n = random.pick(sizes);
  const shape = [...m, n];
  const isBatch = m.map(() => random.next() < 0.2);
  const kernel = randomView(random, [...m.map((size, axis) => (isBatch[axis] ? size : 1)), ...k, n], dtype);
  const right = kernel.broadcast([...m, ...k, n]);
  const epilogue = epilogueOf(random, shape, dtype);
  return {
    kind: "contract",
    origin: "random",
    out: randomView(random, shape, epilogue.dtype, true),
    left: randomView(random, [...m, ...k], dtype),
    right: random.next() < 0.6 ? constantOf(random, right) : right,
    epilogue,
  };
}

function check(step: ContractStep, data: Data, target: Target, loops?: ReadonlyMap<LoopIndex, number>): void {
  const depth = sizeOf(step.left.shape) / Math.max(1, sizeOf(step.out.shape.slice(0, -1)));
  const { out } = run(step, data, target, loops);
  const tolerance = step.left.dtype.startsWith("float") ? 1e-6 * Math.sqrt(Math.max(1, depth)) : 0;
  // An element that cancels is held against the size of its products.
  expect(differences(out, slow(step, data, loops), tolerance, 4 * Math.sqrt(Math.max(1, depth)))).toEqual([]);
}

describe("generateContract", () => {
  it.each([0, 1, 2, 3])("is what the definition says, for random steps (%i)", (seed) => {
    for (let i = 0; i < 90; i++) {
      const random = new Random(1000 * seed + i);
      const dtype = random.pick([
        "float32",
        "float32",
        "float32",
        "float32",
        "float64",
        "int32",
        "int64",
      ] as const);
      const step = randomStep(random, dtype);
      const data = fill(random, step, new Map());
      try {
        check(step, data, targets[i % targets.length] as Target);
      } catch (error) {
        const { out, left, right } = step;
        const views = [out, left, right].map(({ shape, strides }) => `[${shape}] by [${strides}]`).join(", ");
        const where = `seed ${1000 * seed + i}, target ${i % targets.length}, ${views}`;
        throw new Error(`${where}: ${(error as Error).message}`, { cause: error });
      }
    }
  });

  it("moves with the loops around it", () => {
    const index = new LoopIndex("i");
    for (const [n, k] of [
      [9, 6],
      [2, 40],
      [1, 3],
    ] as const)
      for (const target of targets)
        for (const iteration of [0, 2]) {
          const random = new Random(n * k);
          const at = (shape: number[]) => {
            const whole = View.of(new Storage("s", "float32", 4 * sizeOf(shape)), [4, ...shape]);
            return whole.atIndex(0, index, iteration === 0 ? 0 : 3, iteration === 0 ? 1 : -1);
          };
          const right = at([k, n]).insertAxis(0).broadcast([5, k, n]);
          const step: ContractStep = {
            kind: "contract",
            origin: "in a loop",
            out: at([5, n]),
            left: at([5, k]),
            right: iteration === 0 ? right : constantOf(random, right),
            epilogue: call("add", accumulator("float32"), read(at([n]), [5, n])),
          };
          check(step, fill(random, step, new Map()), target, new Map([[index, iteration]]));
        }
  });

  it("takes windows of an image as they overlap", () => {
    const cases = [
      { kernel: [3, 3], channels: 3, filters: 5, stride: 1 },
      { kernel: [3, 3], channels: 8, filters: 20, stride: 2 },
      { kernel: [1, 5], channels: 1, filters: 1, stride: 1 },
      { kernel: [1, 1], channels: 16, filters: 32, stride: 1 },
    ];
    for (const { kernel, channels, filters, stride } of cases)
      for (const target of targets) {
        const random = new Random(filters);
        const weights = randomWeights(random, [...kernel, channels, filters]);
        const images = [1, 3].map((images) => convolution(random, images, kernel, weights, stride));
        for (const { step, data } of images) check(step, data, target);
        expectSameRows(images, target);
      }
  });

  it.each(targets)("has the same bits in every batch: $name, $lanes lanes", (target) => {
    const batches = [1, 2, 3, 5, 8, 16, 64];
    for (const [k, n] of [
      [50, 20],
      [20, 64],
      [64, 2],
      [33, 1],
      [7, 130],
      [40, 4],
      [17, 9],
      [3, 70],
    ] as const)
      for (const kind of ["constant", "transposed", "computed"]) {
        const random = new Random(k * n);
        const rows = randomFloats(random, new Storage("x", "float32", 64 * k));
        const bias = read(View.of(weightsOf(random, n), [n]));
        const plain =
          kind === "transposed" ? View.of(weightsOf(random, k * n), [n, k]).permute([1, 0]) : undefined;
        const weights = plain ?? View.of(weightsOf(random, k * n), [k, n]);
        const computed = new Storage("w", "float32", weights.storage.count);
        const steps = batches.map((m) => {
          const x = new Storage("x", "float32", m * k);
          const view = kind === "computed" ? new View(computed, weights.shape, weights.strides) : weights;
          const step: ContractStep = {
            kind: "contract",
            origin: "dense",
            out: View.of(new Storage("y", "float32", m * n), [m, n]),
            left: View.of(x, [m, k]),
            right: view.insertAxis(0).broadcast([m, k, n]),
            epilogue: call(
              "tanh",
              call("add", accumulator("float32"), read((bias as { view: View }).view, [m, n])),
            ),
          };
          const data: Data = new Map([
            [x, rows.slice(0, m * k) as Numbers],
            [computed, weights.storage.data as Numbers],
          ]);
          return { step, data: fill(random, step, data) };
        });
        expectSameRows(steps, target);
      }
  });

  it("packs weights to the same bytes for every batch", () => {
    for (const target of targets) {
      const weights = View.of(weightsOf(new Random(1), 50 * 70), [50, 70]);
      const packed = [1, 64].map((m) => {
        const step: ContractStep = {
          kind: "contract",
          origin: "dense",
          out: View.of(new Storage("y", "float32", m * 70), [m, 70]),
          left: View.of(new Storage("x", "float32", m * 50), [m, 50]),
          right: weights.insertAxis(0).broadcast([m, 50, 70]),
          epilogue: accumulator("float32"),
        };
        return prepareContract(step, target).step.right.storage.data;
      });
      expect(packed[0]).toEqual(packed[1]);
    }
  });

  it("writes nothing for no rows, and the epilogue of 0 for no products", () => {
    for (const [m, k, n] of [
      [0, 4, 4],
      [4, 0, 4],
      [4, 4, 0],
    ] as const)
      for (const target of targets) {
        const step: ContractStep = {
          kind: "contract",
          origin: "empty",
          out: View.of(new Storage("y", "float32", m * n), [m, n]),
          left: View.of(new Storage("x", "float32", m * k), [m, k]),
          right: View.of(weightsOf(new Random(1), k * n), [k, n])
            .insertAxis(0)
            .broadcast([m, k, n]),
          epilogue: call("exp", accumulator("float32")),
        };
        check(step, fill(new Random(2), step, new Map()), target);
      }
  });
});

function weightsOf(random: Random, count: number): Storage {
  const data = randomFloats(random, new Storage("w", "float32", count)) as Float32Array;
  return new Storage("w", "float32", count, data);
}

function randomWeights(random: Random, shape: readonly number[]): View {
  return View.of(weightsOf(random, sizeOf(shape)), shape);
}

interface Case {
  readonly step: ContractStep;
  readonly data: Data;
}

/** An image of 7 by 11 places for each of `images`, of which the first is always the same. */
function convolution(
  random: Random,
  images: number,
  kernel: readonly number[],
  weights: View,
  stride: number,
): Case {
  const [height, width] = [7, 11];
  const [kh, kw] = kernel as [number, number];
  const [channels, filters] = weights.shape.slice(2) as [number, number];
  const m = [images, Math.floor((height - kh) / stride) + 1, Math.floor((width - kw) / stride) + 1];
  const x = new Storage("x", "float32", images * height * width * channels);
  const row = width * channels;
  const strides = [height * row, stride * row, stride * channels, row, channels, 1];
  const data: Data = new Map([[x, randomFloats(new Random(3), x)]]);
  const step: ContractStep = {
    kind: "contract",
    origin: "convolution",
    out: View.of(new Storage("y", "float32", sizeOf(m) * filters), [...m, filters]),
    left: View.of(x, [x.count]).strided([...m, kh, kw, channels], strides),
    right: weights.broadcast([...m, ...weights.shape]),
    epilogue: call("maximum", accumulator("float32"), { kind: "constant", dtype: "float32", value: 0 }),
  };
  return { step, data: fill(random, step, data) };
}

/** The first rows of every case are those of the first one, bit by bit. */
function expectSameRows(cases: readonly Case[], target: Target): void {
  const results = cases.map(({ step, data }) => run(step, data, target).out as Float32Array);
  const bits = (out: Float32Array, count: number) => [...new Int32Array(out.buffer, out.byteOffset, count)];
  for (const [at, larger] of results.entries()) {
    if (at === 0) continue;
    const smaller = results[at - 1] as Float32Array;
    expect(bits(larger, smaller.length)).toEqual(bits(smaller, smaller.length));
  }
}
