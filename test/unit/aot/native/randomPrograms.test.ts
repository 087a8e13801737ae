/** Random kernels: as C they leave the same arena as in the interpreter; and under gcc's sanitizers they are clean. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Program } from "../../../../framework/aot/kernel/ir.js";
import { KernelBuilder } from "../../../../framework/aot/kernel/KernelBuilder.js";
import { commonFlags, featureFlags } from "../../../../framework/aot/native/compileC.js";
import { printC } from "../../../../framework/aot/native/printC.js";
import { blockBytes, bytesOfKernel, constants, randomKernel } from "./randomKernel.js";
import { directory, hasNoCompiler, machine, programOf, runBoth } from "./runNative.js";

const kernelCount = 40;
const arenaBytes = 64 + kernelCount * bytesOfKernel;

function callAll(main: KernelBuilder, seed: number, lanes: number): void {
  for (let index = 0; index < kernelCount; index++)
    main.call(randomKernel(seed + index, lanes, 64 + index * bytesOfKernel));
}

/** Floats as numbers, so that one NaN is like another. */
function contents(arena: Uint8Array, place: number) {
  return {
    f32: new Float32Array(arena.buffer, place, blockBytes / 4),
    f64: new Float64Array(arena.buffer, place + blockBytes, blockBytes / 8),
    int: new Int32Array(arena.buffer, place + 2 * blockBytes, blockBytes / 4),
  };
}

describe.skipIf(hasNoCompiler)("random programs", () => {
  it.each([4, 8, 16, 4, 8, 16].map((lanes, round) => [lanes, 1000 * round] as const))(
    "in vectors of %i, seeds from %i",
    (lanes, seed) => {
      const { computed, expected } = runBoth(
        lanes,
        new Uint8Array(arenaBytes),
        (main) => callAll(main, seed, lanes),
        constants,
      );
      for (let index = 0; index < kernelCount; index++) {
        const place = 64 + index * bytesOfKernel;
        expect(contents(computed, place), `seed ${seed + index}`).toEqual(contents(expected, place));
      }
    },
  );
});

/** The program with a main function, its arena and constants each in memory of their exact size. */
function executable(program: Program): string {
  const tables = program.constants.map(
    ({ bytes }, index) => `static const unsigned char bytes${index}[] = {${bytes.join(",")}};`,
  );
  const copies = program.constants.map(
    ({ bytes }, index) => `  c[${index}] = memcpy(malloc(${bytes.length}), bytes${index}, ${bytes.length});`,
  );
  return [
    printC(program),
    "#include <stdlib.h>\n#include <string.h>",
    ...tables,
    `int main(void) {\n  char *c[${program.constants.length}], *a = aligned_alloc(64, ${program.arenaBytes});`,
    ...copies,
    `  memset(a, 0, ${program.arenaBytes}); run(a, c); return 0; }\n`,
  ].join("\n");
}

it.skipIf(hasNoCompiler).each([4, 16])(
  "sanitizers find nothing in vectors of %i",
  (lanes) => {
    const main = new KernelBuilder("main");
    callAll(main, 7000, lanes);
    const file = join(directory, `sanitized${lanes}`);
    writeFileSync(`${file}.c`, executable(programOf(main.build(), arenaBytes, lanes, constants)));
    const sanitizers = [
      "-O1",
      "-fno-wrapv",
      "-fsanitize=address,undefined",
      "-fno-sanitize-recover=all",
      "-fno-sanitize=signed-integer-overflow,shift-base",
    ];
    const args = [
      ...commonFlags,
      ...featureFlags(machine!.features),
      ...sanitizers,
      "-o",
      file,
      `${file}.c`,
      "-lm",
    ];
    const compiled = spawnSync(machine!.path, args, { encoding: "utf8" });
    if (/cannot find .*(asan|ubsan)/.test(compiled.stderr))
      return console.warn("no sanitizers on this machine: not tried");
    expect(compiled.stderr).toBe("");
    const result = spawnSync(file, {
      encoding: "utf8",
      env: { ...process.env, ASAN_OPTIONS: "detect_leaks=0" },
    });
    expect(result.stderr).toBe("");
    expect(result.status).toBe(0);
  },
  120_000,
);
