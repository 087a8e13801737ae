/** tfaot.Model: a model that cms_tfaot_compile has compiled, as a member of a plugin instance. */
import { compilerVersion } from "../targets.js";
import { loadUnit, warmUp } from "../loadUnit.js";
import type { CompiledCode, Unit } from "../Unit.js";
import { BatchedModel } from "./BatchedModel.js";
import type { BatchStrategy } from "./BatchStrategy.js";
import type { ModelDescriptor } from "./descriptor.js";
import { openModel } from "./openModel.js";

/**
 * `new tfaot.Model(test_simple)`, where `test_simple` comes from "tfaot-model-test-simple/model". One a plugin instance:
 * run() writes its buffers. Types of inputs and outputs are those of the descriptor.
 */
export class Model<T extends ModelDescriptor> extends BatchedModel<T> {
  /** @throws as openModel: FileOpenError, FileReadError, FormatIncompatibility */
  constructor(descriptor: T, strategy?: BatchStrategy) {
    super(openModel(descriptor, { loadUnit: loadWarm, compilerVersion }), strategy);
  }
}

function loadWarm(code: CompiledCode): Unit {
  const unit = loadUnit(code);
  warmUp(unit);
  return unit;
}
