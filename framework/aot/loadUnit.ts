/** Loads compiled code in this thread, on the job's memory. */
import { Exception } from "../base/errors.js";
import { viewData } from "../tensorflow/dtypes.js";
import { blockAlignment } from "./kernel/ir.js";
import { sizeOf } from "./tensor/View.js";
import { type ModelMemory, modelMemory } from "./ModelMemory.js";
import { loadNative } from "./native/loadNative.js";
import type { CodeLayout, CompiledCode, ConstantBytes, Slot, SlotLayout, Unit } from "./Unit.js";
import { instantiate } from "./wasm/instantiate.js";

/** Compiled code of which the constants may lie elsewhere. */
export type LoadableCode = Omit<CompiledCode, "constants"> & { readonly constants: ConstantBytes };

/** What a unit has of the job's memory. */
interface Holding {
  readonly memory: ModelMemory;
  readonly addresses: readonly number[];
  readonly arena: number;
}

const collected = new FinalizationRegistry<Holding>(giveBack);
/** Whoever has a slot's data has the memory that it lies in. */
const ownerOf = new WeakMap<object, object>();

function giveBack({ memory, addresses, arena }: Holding): void {
  memory.releaseArena(arena);
  memory.release(addresses);
}

/**
 * Constants are copied into the job's memory unless equal ones are there; the arena is this thread's. Both are held until
 * the unit is closed, or neither it nor its slots' data are in use any more.
 * @throws InvalidSession when the code is damaged, UnavailableAccelerator when the machine cannot run it
 */
export function loadUnit(compiled: LoadableCode): Unit {
  return loadWithStatus(compiled).unit;
}

/** As loadUnit, with the words of the arena's status block: the first is which fault the run met, 0 for none. */
export function loadWithStatus(compiled: LoadableCode): { readonly unit: Unit; readonly status: Int32Array } {
  const memory = modelMemory();
  const { layout, constants } = compiled;
  const holding = hold(memory, layout, constants);
  const { arena } = holding;
  const run = boundOr(() => bind(compiled, memory, holding), holding);
  collected.register(run, holding, run);
  const status = new Int32Array(memory.memory.buffer, arena, blockAlignment / Int32Array.BYTES_PER_ELEMENT);
  const slot = ({ name, dtype, shape, offset }: SlotLayout): Slot => {
    if (dtype === "string") throw new Exception("LogicError", "compiled code has no strings.");
    const data = viewData(dtype, memory.memory.buffer, arena + offset, sizeOf(shape));
    ownerOf.set(data, run);
    return { name, dtype, shape, data };
  };
  const unit: Unit = {
    layout,
    inputs: layout.inputs.map(slot),
    outputs: layout.outputs.map(slot),
    run() {
      run();
      if (status[0] !== 0) throw faultOf(layout, status[0] as number);
    },
    close() {
      // False when it has been closed already.
      if (collected.unregister(run)) giveBack(holding);
    },
  };
  return { unit, status };
}

function hold(memory: ModelMemory, layout: CodeLayout, constants: ConstantBytes): Holding {
  const addresses = memory.place(layout.constants, constants);
  try {
    return { memory, addresses, arena: memory.arena(layout.arenaBytes) };
  } catch (error) {
    memory.release(addresses);
    throw error;
  }
}

function boundOr(make: () => () => void, holding: Holding): () => void {
  try {
    return make();
  } catch (error) {
    giveBack(holding);
    throw error;
  }
}

function bind(
  { layout, code }: LoadableCode,
  memory: ModelMemory,
  { addresses, arena }: Holding,
): () => void {
  if (layout.target === "native") return loadNative(code, memory.memory as never, addresses)(arena);
  const run = instantiate(code, memory.memory, addresses);
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
