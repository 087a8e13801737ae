/** A machine without a C compiler. In a file of its own: a compiler that has been found is remembered. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import "../../../../framework/aot/engine/register.js";
import { setCompilerSettings } from "../../../../framework/aot/engine/settings.js";
import { createSession } from "../../../../framework/tensorflow/Session.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { constantGraphNodes, graphOf } from "../../tensorflow/buildGraph.js";
import { failure } from "./failure.js";

const graph = graphOf(...constantGraphNodes);
const scale = new Tensor("float32", [], [1]);
const input = new Tensor("float32", [1, 10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);

describe("without a C compiler", () => {
  const path = process.env.PATH;
  const empty = mkdtempSync(join(tmpdir(), "no-compiler-"));
  afterEach(() => {
    process.env.PATH = path;
    setCompilerSettings({ target: "wasm" });
    rmSync(empty, { recursive: true, force: true });
  });

  it("native is refused with the remedy, and auto takes wasm", () => {
    process.env.PATH = empty;
    expect(failure(() => createSession(graph, { engine: "compiled", engineTarget: "native" }))).toBe(
      `UnavailableAccelerator: no working C compiler: tried "cc", "gcc", "clang"; ` +
        `install a C compiler (gcc or clang) or use engineTarget "wasm".`,
    );
    setCompilerSettings({ target: "auto" });
    const session = createSession(graph, { engine: "compiled" });
    const call = session.prepare(["input", "scale"], ["output"]);
    expect(call.run([input, scale])[0]?.data[0]).toBe(46);
    expect(call.explain().join()).toContain("of wasm code");
  });
});
