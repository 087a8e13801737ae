/** The compiled engine on both targets, as its tests ask for it: native only where the machine has a C compiler. */
import "../../../../framework/aot/engine/register.js";
import { machineCompiler } from "../../../../framework/aot/targets.js";
import { takeUncompiled } from "../../../../framework/aot/engine/explanations.js";
import type { TargetName } from "../../../../framework/aot/Unit.js";
import type { GraphDef } from "../../../../framework/tensorflow/GraphDef.js";
import { createSession, type Session } from "../../../../framework/tensorflow/Session.js";
import type { TensorLike } from "../../../../framework/tensorflow/Tensor.js";

/** Those that can be tested here; says aloud when native code cannot. */
export function testableTargets(file: string): readonly TargetName[] {
  try {
    machineCompiler();
    return ["wasm", "native"];
  } catch (error) {
    console.warn(`\n${file}: target 'native' is NOT TESTED: ${(error as Error).message}\n`);
    return ["wasm"];
  }
}

export function compiledSession(graph: GraphDef, target: TargetName): Session {
  return createSession(graph, { engine: "compiled", engineTarget: target });
}

/** What `call` gives, and which nodes the compiled engine left to the reference engine meanwhile. */
export function withReasons<T>(call: () => T): { readonly result: T; readonly reasons: readonly string[] } {
  takeUncompiled();
  const result = call();
  return { result, reasons: takeUncompiled() };
}

/** The bytes of a tensor's elements. */
export function bytesOf({ data }: TensorLike): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}
