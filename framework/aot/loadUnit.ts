/** Loads compiled code in this thread, on the job's memory. */
import { Exception } from "../base/errors.js";
import { viewData } from "../tensorflow/dtypes.js";
import { blockAlignment } from "./kernel/ir.js";
import { sizeOf } from "./tensor/View.js";
import { modelMemory } from "./ModelMemory.js";
import { loadNative } from "./native/loadNative.js";
import type { CodeLayout, CompiledCode, Slot, SlotLayout, Unit } from "./Unit.js";
import { instantiate } from "./wasm/instantiate.js";

/**
 * Constants are copied into the job's memory unless equal ones are there; the arena is this thread's.
 * @throws InvalidSession when the code is damaged, UnavailableAccelerator when the machine cannot run it
 */
export function loadUnit(compiled: CompiledCode): Unit {
  return loadWithStatus(compiled).unit;
}

/** As loadUnit, with the words of the arena's status block: the first is which fault the run met, 0 for none. */
export function loadWithStatus(compiled: CompiledCode): { readonly unit: Unit; readonly status: Int32Array } {
  const memory = modelMemory();
  const { layout, code, constants } = compiled;
  const addresses = memory.place(layout.constants, constants);
  const arena = memory.arena(layout.arenaBytes);
  const run = bind(compiled, code, addresses, arena);
  const status = new Int32Array(memory.memory.buffer, arena, blockAlignment / Int32Array.BYTES_PER_ELEMENT);
  const slot = ({ name, dtype, shape, offset }: SlotLayout): Slot => {
    if (dtype === "string") throw new Exception("LogicError", "compiled code has no strings.");
    return { name, dtype, shape, data: viewData(dtype, memory.memory.buffer, arena + offset, sizeOf(shape)) };
  };
  const unit: Unit = {
    layout,
    inputs: layout.inputs.map(slot),
    outputs: layout.outputs.map(slot),
    run() {
      run();
      if (status[0] !== 0) throw faultOf(layout, status[0] as number);
    },
  };
  return { unit, status };
}

function bind(
  { layout }: CompiledCode,
  code: Uint8Array,
  addresses: readonly number[],
  arena: number,
): () => void {
  const { memory } = modelMemory();
  if (layout.target === "native") return loadNative(code, memory as never, addresses)(arena);
  const run = instantiate(code, memory, addresses);
  return () => run(arena);
}

/** The run has come to a branch that the code does not have. */
export class UncompiledBranch extends Exception {}

function faultOf({ faults, uncompiled }: CodeLayout, status: number): Exception {
  const what = faults[status - 1] ?? `status ${status}`;
  const Fault = uncompiled.includes(what) ? UncompiledBranch : Exception;
  return new Fault("InvalidRun", `error while running session: ${what.replace(/\.$/, "")}.`);
}

const warmUpMs = 4;
const warmUpCalls = 40;

/** V8 optimises code that has run a few times: that happens here, on zeros, and not in the first events. */
export function warmUp(unit: Unit): void {
  if (unit.layout.target === "native") return;
  const until = performance.now() + warmUpMs;
  try {
    for (let call = 0; call < warmUpCalls && performance.now() < until; call++) unit.run();
  } catch {
    // Zeros may be bad indices; the run will tell.
  }
}
