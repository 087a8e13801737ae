/** Statements, memory accesses and modules: loops, calls, partial vectors at the very end of memory, constants. */
import { describe, expect, it } from "vitest";
import * as ir from "../../../../framework/aot/kernel/expr.js";
import type { Expr, MemoryType } from "../../../../framework/aot/kernel/ir.js";
import { KernelBuilder } from "../../../../framework/aot/kernel/KernelBuilder.js";
import { instantiate } from "../../../../framework/aot/wasm/instantiate.js";
import { printWasm } from "../../../../framework/aot/wasm/printWasm.js";
import { memoryLimits, WebAssembly } from "../../../../framework/aot/wasm/WebAssembly.js";
import { arenaBlock, constantOf, programOf, run, runMain } from "./runKernels.js";

const out = arenaBlock("out", 64, 1024);
const zero = ir.i32(0);

describe("loads and stores", () => {
  it.each([
    ["u8", [0, 255, 128]],
    ["i8", [0, -1, -128]],
    ["u16", [0, 65535, 32768]],
    ["i16", [0, -1, -32768]],
    ["i32", [0, -1, -(2 ** 31)]],
  ] as [MemoryType, number[]][])("keeps the low bits and the sign of %s", (memory, values) => {
    for (const value of values) {
      const view = runMain((kernel) => {
        kernel.store(memory, out, zero, 1, ir.i32(value + (memory === "i32" ? 0 : 2 ** 20)));
        kernel.store("i32", out, zero, 8, ir.load(memory, out, zero, 1));
      });
      expect(view.getInt32(64 + 8, true)).toBe(value);
    }
  });

  it("reads and writes f64 and i64 constants", () => {
    const view = runMain((kernel) => {
      kernel.store("i64", out, zero, 0, ir.constant("i64", -(2n ** 63n)));
      kernel.store("i64", out, zero, 8, ir.constant("i64", 2n ** 62n + 5n));
      kernel.store("f64", out, zero, 16, ir.constant("f64", 0.1));
      kernel.store("f32v", out, zero, 32, ir.constant("f32v", 0.1));
      kernel.store("i32v", out, zero, 48, ir.constant("i32v", -7));
      kernel.store("i32", out, zero, 64, ir.i32(-(2 ** 31)));
    });
    expect([view.getBigInt64(64, true), view.getBigInt64(72, true)]).toEqual([-(2n ** 63n), 2n ** 62n + 5n]);
    expect(view.getFloat64(80, true)).toBe(0.1);
    expect([0, 4, 8, 12].map((at) => view.getFloat32(96 + at, true))).toEqual(
      Array(4).fill(Math.fround(0.1)),
    );
    expect([0, 4, 8, 12].map((at) => view.getInt32(112 + at, true))).toEqual([-7, -7, -7, -7]);
    expect(view.getInt32(128, true)).toBe(-(2 ** 31));
  });

  describe.each([1, 2, 3, 4])("%i lanes", (count) => {
    const arena = () => Uint8Array.from({ length: 64 + 4 * count }, (_, index) => index + 1);
    const last = arenaBlock("last", 64);

    it.each(["f32v", "i32v"] as const)(
      "load the last bytes of memory, the other lanes are 0 (%s)",
      (memory) => {
        const view = runMain(
          (kernel) =>
            kernel.store(memory, arenaBlock("first", 0), zero, 0, ir.load(memory, last, zero, 0, count)),
          { arena: arena(), bytesAfterArena: 0 },
        );
        const lanes = [0, 1, 2, 3].map((lane) => view.getInt32(4 * lane, true));
        expect(lanes).toEqual(
          [0, 1, 2, 3].map((lane) => (lane < count ? view.getInt32(64 + 4 * lane, true) : 0)),
        );
      },
    );

    it.each([false, true])(
      "store to the last bytes of memory and no more (index computed: %s)",
      (isComputed) => {
        const view = runMain(
          (kernel) => {
            const index = isComputed ? ir.mul(kernel.variable(ir.i32(2)), ir.i32(2)) : ir.i32(4);
            kernel.store(
              "f32v",
              last,
              index,
              -4,
              ir.add(ir.load("f32v", last, index, -4, count), ir.constant("f32v", 1)),
              count,
            );
          },
          { arena: new Uint8Array(64 + 4 * count), bytesAfterArena: 0 },
        );
        for (let lane = 0; lane < count; lane++) expect(view.getFloat32(64 + 4 * lane, true)).toBe(1);
      },
    );

    it("leave the bytes behind them alone", () => {
      const view = runMain((kernel) => kernel.store("i32v", last, zero, 0, ir.constant("i32v", -1), count), {
        arena: Uint8Array.from({ length: 128 }, () => 9),
      });
      const bytes = [...new Uint8Array(view.buffer, 64, 32)];
      expect(bytes).toEqual([...Array(4 * count).fill(255), ...Array(32 - 4 * count).fill(9)]);
    });
  });

  it("refuses other lanes", () => {
    for (const count of [0, 5, 1.5])
      expect(() =>
        runMain((kernel) => kernel.store("f32v", out, zero, 0, ir.constant("f32v", 0), count)),
      ).toThrow(`${count} lanes`);
  });

  it("reaches far: large places and offsets, and offsets before the block", () => {
    const far = arenaBlock("far", 500_032);
    const view = runMain(
      (kernel) => {
        const four = kernel.variable(ir.i32(4));
        kernel.store("i32", far, four, 100_000, ir.i32(1));
        kernel.store("i32", far, ir.add(four, ir.i32(8)), 100_000, ir.i32(2));
        kernel.store(
          "i32",
          far,
          ir.add(ir.mul(four, ir.i32(100_000)), ir.i32(-300_000)),
          -500_032,
          ir.i32(3),
        );
        kernel.store("i32", far, ir.sub(four, ir.i32(20)), -500_000, ir.i32(4));
      },
      { arena: new Uint8Array(600_064 + 64) },
    );
    expect([600_036, 600_044, 100_000, 16].map((at) => view.getInt32(at, true))).toEqual([1, 2, 3, 4]);
    expect(() => runMain((kernel) => kernel.store("i32", far, zero, 2 ** 32, zero))).toThrow("beyond 4 GiB");
    expect(() => runMain((kernel) => kernel.store("i32", far, zero, 3 * 2 ** 30, zero))).toThrow(
      "out of bounds",
    );
  });

  it("finds each constant by its own address, deep in an expression too", () => {
    const constants = [1, 20, 300, 4000].map((value, place) =>
      constantOf(place, new Uint8Array(Float32Array.from({ length: 16 }, (_, i) => value + i / 4).buffer)),
    );
    const of = (index: number, at: Expr) => ir.load("f32", constants[index]!.block, at, 4);
    const view = runMain(
      (kernel) => {
        const sum = kernel.variable(ir.f32(0));
        kernel.for(0, 8, 4, (i) => {
          const deep = ir.max(
            ir.fma(of(3, i), ir.f32(1), of(1, zero)),
            ir.min(of(2, i), of(0, ir.mul(i, ir.i32(2)))),
          );
          kernel.set(sum, ir.add(sum, ir.select(ir.binary("lt", i, ir.i32(4)), deep, of(2, i))));
        });
        kernel.store("f32", out, zero, 0, sum);
      },
      { constants },
    );
    expect(view.getFloat32(64, true)).toBe(4000.25 + 20.25 + 300.5);
  });
});

describe("loops", () => {
  const roundsOf = (from: number, to: number, step: number, isKnown: boolean) => {
    const view = runMain((kernel) => {
      const bound = (value: number) => (isKnown ? ir.i32(value) : kernel.variable(ir.i32(value)));
      const [first, last] = [bound(from), bound(to)];
      const count = kernel.variable(zero);
      const local = kernel.local("i32");
      const body = kernel.nested(() => {
        kernel.store("i32", out, ir.mul(count, ir.i32(4)), 8, local);
        kernel.set(count, ir.add(count, ir.i32(1)));
        if (last.kind === "local") kernel.set(last, ir.i32(1000));
      });
      const loop = { kind: "for", local, from: first, to: last, step, body } as const;
      const called = { ...kernel.build(), name: "loop" };
      const after = kernel.nested(() => kernel.store("i32", out, zero, 0, count));
      kernel.call({ ...called, body: [...called.body, loop, ...after] });
    });
    return Array.from({ length: view.getInt32(64, true) }, (_, i) => view.getInt32(72 + 4 * i, true));
  };
  it.each([true, false])("for ends before its bound, which is computed once (known: %s)", (isKnown) => {
    expect(roundsOf(0, 4, 1, isKnown)).toEqual([0, 1, 2, 3]);
    expect(roundsOf(1, 8, 3, isKnown)).toEqual([1, 4, 7]);
    expect(roundsOf(-2, 1, 2, isKnown)).toEqual([-2, 0]);
    expect(roundsOf(4, 5, 1, isKnown)).toEqual([4]);
    expect(roundsOf(3, 3, 1, isKnown)).toEqual([]);
    expect(roundsOf(5, 3, 1, isKnown)).toEqual([]);
    expect(() => roundsOf(0, 3, 0, isKnown)).toThrow("step 0");
  });

  it("nest, with bounds that the outer loop changes", () => {
    const view = runMain((kernel) => {
      const sum = kernel.variable(zero);
      kernel.for(0, 5, 1, (i) =>
        kernel.for(i, ir.mul(i, ir.i32(2)), 1, (j) =>
          kernel.for(0, 3, 2, (k) =>
            kernel.set(sum, ir.add(sum, ir.add(ir.mul(i, ir.i32(100)), ir.add(j, k)))),
          ),
        ),
      );
      kernel.store("i32", out, zero, 0, sum);
    });
    let expected = 0;
    for (let i = 0; i < 5; i++)
      for (let j = i; j < 2 * i; j++) for (let k = 0; k < 3; k += 2) expected += 100 * i + j + k;
    expect(view.getInt32(64, true)).toBe(expected);
  });

  it.each([
    [5, 10, 5],
    [50, 10, 10],
    [0, 10, 0],
    [5, 0, 0],
    [5, -1, 0],
  ])("while: %i rounds wanted, at most %i: %i", (wanted, limit, expected) => {
    const view = runMain((kernel) => {
      const [i, inner] = [kernel.variable(zero), kernel.variable(zero)];
      kernel.while(ir.binary("lt", i, ir.i32(wanted)), limit, () => {
        kernel.set(i, ir.add(i, ir.i32(1)));
        kernel.while(ir.i32(1), 3, () => kernel.set(inner, ir.add(inner, ir.i32(1))));
      });
      kernel.store("i32", out, zero, 0, i);
      kernel.store("i32", out, zero, 4, inner);
    });
    expect([view.getInt32(64, true), view.getInt32(68, true)]).toEqual([expected, 3 * expected]);
  });

  it("refuses a while without a limit", () => {
    for (const limit of [Number.POSITIVE_INFINITY, 2 ** 32, 0.5])
      expect(() => runMain((kernel) => kernel.while(ir.i32(1), limit, () => {}))).toThrow(
        `at most ${limit} rounds`,
      );
  });

  it.each([0, 1, -1])("if with condition %i", (value) => {
    const view = runMain((kernel) => {
      const condition = kernel.variable(ir.i32(value));
      const write = (at: number) => () => kernel.store("i32", out, zero, at, ir.i32(1));
      kernel.if(condition, write(0), write(4));
      kernel.if(condition, write(8));
      kernel.if(condition, () => {}, write(12));
      kernel.if(condition, () => {});
    });
    const isTrue = value === 0 ? 0 : 1;
    expect([0, 4, 8, 12].map((at) => view.getInt32(64 + at, true))).toEqual([
      isTrue,
      1 - isTrue,
      isTrue,
      1 - isTrue,
    ]);
  });
});

describe("a program", () => {
  it("calls kernels with loop indices, a kernel once printed however often it is called", () => {
    const constant = constantOf(0, new Uint8Array(Int32Array.of(1, 40, ...Array(14).fill(0)).buffer));
    const leaf = new KernelBuilder("leaf");
    const [at, value] = [leaf.param("at"), leaf.param("value")];
    leaf.store("i32", out, ir.mul(at, ir.i32(4)), 0, ir.add(value, ir.load("i32", constant.block, zero, 4)));
    const leafKernel = leaf.build();
    const row = new KernelBuilder("row");
    const i = row.param("i");
    row.for(0, 3, 1, (j) => row.call(leafKernel, [ir.add(ir.mul(i, ir.i32(3)), j), ir.min(i, j)]));
    const rowKernel = row.build();
    const view = runMain(
      (kernel) => {
        kernel.for(0, 2, 1, (index) => kernel.call(rowKernel, [index]));
        kernel.call(leafKernel, [ir.i32(6), ir.i32(-100)]);
      },
      { constants: [constant] },
    );
    expect([0, 1, 2, 3, 4, 5, 6].map((index) => view.getInt32(64 + 4 * index, true))).toEqual([
      40, 40, 40, 40, 41, 41, -60,
    ]);
  });

  it("is printed the same each time and runs on any arena", () => {
    const write = () => {
      const kernel = new KernelBuilder("main");
      kernel.store("i32", out, zero, 0, ir.i32(77));
      return printWasm(programOf(kernel.build(), 128));
    };
    const code = write();
    expect(write()).toEqual(code);
    const memory = new WebAssembly.Memory({ ...memoryLimits, initial: 1 });
    instantiate(code, memory, [])(64);
    instantiate(code, memory, [])(256);
    const view = new DataView(memory.buffer);
    expect([128, 320].map((place) => view.getInt32(place, true))).toEqual([77, 77]);
  });

  it("keeps its arenas apart and grows with its memory", () => {
    const kernel = new KernelBuilder("main");
    kernel.store("i32", out, zero, 0, ir.add(ir.load("i32", out, zero), ir.i32(1)));
    const memory = new WebAssembly.Memory({ ...memoryLimits, initial: 1 });
    const main = instantiate(printWasm(programOf(kernel.build(), 128)), memory, []);
    expect(() => main(65536)).toThrow("out of bounds");
    memory.grow(1);
    main(65536);
    expect(new DataView(memory.buffer).getInt32(65536 + 64, true)).toBe(1);
  });

  it("is refused for another vector width, or when two locals have one name", () => {
    const program = programOf(new KernelBuilder("main").build(), 64);
    expect(() => printWasm({ ...program, target: { ...program.target, lanes: 8 } })).toThrow("vectors of 8");
    const twice = (kernel: KernelBuilder) => {
      const local = kernel.variable(zero);
      kernel.set({ ...local }, zero);
    };
    expect(() => runMain(twice)).toThrow("kernel 'main': two locals 't0'");
  });

  it("may have a thousand locals and large code", () => {
    const kernel = new KernelBuilder("main");
    const locals = Array.from({ length: 1000 }, (_, index) =>
      kernel.variable(index % 2 ? ir.f32(index) : ir.i32(index)),
    );
    for (const [index, local] of locals.entries()) kernel.store(local.type, out, ir.i32(4 * index), 0, local);
    const arena = new Uint8Array(8192);
    run(programOf(kernel.build(), arena.length), arena);
    const view = new DataView(arena.buffer);
    expect([view.getFloat32(64 + 4 * 999, true), view.getInt32(64 + 4 * 998, true)]).toEqual([999, 998]);
  });
});
