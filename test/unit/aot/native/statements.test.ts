/** Statements and memory accesses as C: loops, calls, constants, and partial vectors between guard bytes, at memory's very end too. */
import { describe, expect, it } from "vitest";
import * as ir from "../../../../framework/aot/kernel/expr.js";
import type { Block, Expr } from "../../../../framework/aot/kernel/ir.js";
import { KernelBuilder } from "../../../../framework/aot/kernel/KernelBuilder.js";
import { compileC } from "../../../../framework/aot/native/compileC.js";
import { loadNative } from "../../../../framework/aot/native/loadNative.js";
import { printC } from "../../../../framework/aot/native/printC.js";
import {
  arenaBlock,
  compilerFor,
  constantOf,
  directory,
  hasNoCompiler,
  newMemory,
  programOf,
  runBoth,
} from "./runNative.js";

const widths = [4, 8, 16];
const out = arenaBlock("out", 64, 1024);
const counted = (kernel: KernelBuilder, at: { next: number }, value: Expr) =>
  kernel.store("i32", out, ir.i32(4 * at.next++), 0, value);

describe.skipIf(hasNoCompiler).each(widths)("partial vectors of %i", (lanes) => {
  it("load and store their lanes alone, between guard bytes", () => {
    const arena = Uint8Array.from({ length: 64 + 2 * lanes * 192 }, (_, index) => (index % 200) + 1);
    const { computed, expected } = runBoth(lanes, arena, (kernel) => {
      for (let count = 1; count <= lanes; count++)
        for (const [index, memory] of (["f32v", "i32v"] as const).entries()) {
          const row = arenaBlock("row", 64 + 192 * (2 * count - 2 + index), 192);
          kernel.store(
            memory,
            row,
            kernel.variable(ir.i32(64)),
            3,
            ir.load(memory, row, ir.i32(0), 1, count),
            count,
          );
        }
    });
    expect(computed).toEqual(expected);
  });

  it("fill the lanes they do not load with 0", () => {
    const arena = Uint8Array.from({ length: 64 + 1024 + 64 }, (_, index) => index % 251);
    const { computed, expected } = runBoth(lanes, arena, (kernel) => {
      for (let count = 1; count < lanes; count++)
        kernel.store(
          "i32v",
          out,
          ir.i32(0),
          64 * (count - 1),
          ir.load("i32v", out, ir.i32(0), 1000 - 4 * lanes, count),
        );
    });
    expect(computed).toEqual(expected);
  });
});

it.skipIf(hasNoCompiler).each(widths)(
  "partial vectors of %i do not touch what lies behind the memory",
  (lanes) => {
    const memory = newMemory();
    const bytes = new Uint8Array(memory.buffer);
    const kernel = new KernelBuilder("main");
    for (let count = 1; count < lanes; count++) {
      const last = arenaBlock("last", 128 - 4 * count, 4 * count);
      kernel.store(
        "f32v",
        last,
        ir.i32(0),
        0,
        ir.add(ir.load("f32v", last, ir.i32(0), 0, count), ir.constant("f32v", 1)),
        count,
      );
    }
    const program = programOf(kernel.build(), 128, lanes);
    loadNative(compileC(program, compilerFor(lanes)), memory, [], { directory })(bytes.length - 128)();
    const end = [...new Float32Array(memory.buffer, bytes.length - 64)];
    expect(end).toEqual(Array.from({ length: 16 }, (_, index) => Math.max(0, index - 16 + lanes)));
  },
);

it.skipIf(hasNoCompiler)("loops, branches and calls do what the interpreter does", () => {
  const constant = constantOf(0, new Uint8Array(Int32Array.of(1, 40, ...Array(14).fill(0)).buffer));
  const leaf = new KernelBuilder("a leaf: name/that is no identifier");
  const [at, value] = [leaf.param("at"), leaf.param("value")];
  leaf.store(
    "i32",
    out,
    ir.mul(at, ir.i32(4)),
    512,
    ir.add(value, ir.load("i32", constant.block, ir.i32(0), 4)),
  );
  const leafKernel = leaf.build();
  const arena = new Uint8Array(64 + 1024);
  const { computed, expected } = runBoth(
    4,
    arena,
    (kernel) => {
      const next = { next: 0 };
      for (const [from, to, step] of [
        [0, 4, 1],
        [1, 8, 3],
        [-2, 1, 2],
        [3, 3, 1],
        [5, 3, 1],
        [2147483000, 2147483647, 1000],
      ] as const) {
        const [first, last, sum] = [
          kernel.variable(ir.i32(from)),
          kernel.variable(ir.i32(to)),
          kernel.variable(ir.i32(0)),
        ];
        kernel.for(first, last, step, (i) => {
          kernel.set(sum, ir.add(ir.mul(sum, ir.i32(31)), i));
          kernel.set(last, ir.i32(1000));
        });
        counted(kernel, next, sum);
      }
      for (const [wanted, limit] of [
        [5, 10],
        [50, 10],
        [0, 10],
        [5, 0],
      ] as const) {
        const rounds = kernel.variable(ir.i32(0));
        kernel.while(ir.binary("lt", rounds, ir.i32(wanted)), limit, () =>
          kernel.set(rounds, ir.add(rounds, ir.i32(1))),
        );
        counted(kernel, next, rounds);
      }
      for (const truth of [0, 1, -1]) {
        const result = kernel.variable(ir.i32(0));
        kernel.if(
          kernel.variable(ir.i32(truth)),
          () => kernel.set(result, ir.i32(1)),
          () => kernel.set(result, ir.i32(2)),
        );
        counted(kernel, next, result);
      }
      kernel.for(0, 5, 1, (i) =>
        kernel.for(i, ir.mul(i, ir.i32(2)), 1, (j) => kernel.call(leafKernel, [ir.add(i, j), ir.mul(i, j)])),
      );
    },
    [constant],
  );
  expect(computed).toEqual(expected);
});

it.skipIf(hasNoCompiler)("kernels that differ in where their blocks lie only are one function", () => {
  const constants = [10, 20, 30].map((value, place) =>
    constantOf(place, new Uint8Array(Int32Array.of(value, ...Array(15).fill(0)).buffer)),
  );
  const [first, second] = [arenaBlock("first", 64), arenaBlock("second", 128)];
  const adding = (to: Block, from: Block, constant: Block) => {
    const kernel = new KernelBuilder(`adding to ${to.name}`);
    const by = kernel.param("by");
    const loaded = (block: Block) => ir.load("i32", block, ir.i32(0));
    kernel.for(0, 3, 1, (i) =>
      kernel.store(
        "i32",
        to,
        ir.mul(i, ir.i32(4)),
        0,
        ir.add(ir.add(loaded(from), loaded(constant)), ir.mul(i, by)),
      ),
    );
    return kernel.build();
  };
  const [a, b, c] = constants.map(({ block }) => block) as [Block, Block, Block];
  const kernels = [
    adding(first, second, a),
    adding(second, first, b),
    adding(first, first, c),
    adding(second, second, a),
  ];
  const write = (main: KernelBuilder) => {
    for (const [index, kernel] of kernels.entries()) main.call(kernel, [ir.i32(index + 1)]);
  };
  const arena = Uint8Array.from({ length: 192 }, (_, index) => index);
  const { computed, expected } = runBoth(4, arena, write, constants);
  expect(computed).toEqual(expected);
  const main = new KernelBuilder("main");
  write(main);
  // One from another block, one in place, main.
  expect(printC(programOf(main.build(), 192, 4, constants)).match(/^static .*void k\d+_/gm)).toHaveLength(3);
});

it.skipIf(hasNoCompiler)("arenas are apart, and stay where they are when the memory grows", () => {
  const kernel = new KernelBuilder("main");
  kernel.store("i32", out, ir.i32(0), 0, ir.add(ir.load("i32", out, ir.i32(0)), ir.i32(1)));
  const memory = newMemory();
  const bind = loadNative(compileC(programOf(kernel.build(), 128, 4), compilerFor(4)), memory, [], {
    directory,
  });
  const [first, second] = [bind(0), bind(256)];
  first();
  (memory as unknown as { grow(pages: number): number }).grow(8);
  first();
  second();
  const view = new DataView(memory.buffer);
  expect([64, 256 + 64].map((place) => view.getInt32(place, true))).toEqual([2, 1]);
  const beyond = memory.buffer.byteLength - 256;
  bind(beyond)();
  expect(view.byteLength).toBe(beyond + 256);
  expect(new DataView(memory.buffer).getInt32(beyond + 64, true)).toBe(1);
});
