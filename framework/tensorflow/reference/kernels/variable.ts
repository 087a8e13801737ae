/**
 * Reading variables. A reader of SavedModels puts each variable's value in place of its handle (VarHandleOp becomes a
 * Const), so reading one is handing it on.
 */
import { gatherOps } from "./gather.js";
import type { TensorLike } from "../../Tensor.js";
import type { Op, OpTable } from "../op.js";

const read: Op = {
  arity: 1,
  create: () => (call) => call.alias((call.inputs[0] as TensorLike).shape),
  aliasOf: () => 0,
};

const isInitialized: Op = {
  arity: 1,
  create: () => (call) => {
    (call.output(0, "bool", []) as Uint8Array)[0] = 1;
  },
};

export const variableOps: OpTable = {
  ReadVariableOp: read,
  ResourceGather: { ...(gatherOps.Gather as Op) },
  VarIsInitializedOp: isInitialized,
  IsVariableInitialized: isInitialized,
};
