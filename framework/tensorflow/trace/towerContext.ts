/** Whether a model function is called to train or to infer: tensorpack's tower context. Never training in a trace. */
import { AsyncLocalStorage } from "node:async_hooks";

export interface TowerContext {
  readonly isTraining: boolean;
}

const inference: TowerContext = { isTraining: false };
const training: TowerContext = { isTraining: true };
/** Stays whatever a traced function asks for. */
const traced: TowerContext = { isTraining: false };
const contexts = new AsyncLocalStorage<TowerContext>();
/** How many fits are under way. What withTowerContext says goes before it. */
let fitCount = 0;

/** What model functions read: `if (towerContext().isTraining) x = tf.dropout(x, 0.5)`. False in every trace and export. */
export function towerContext(): TowerContext {
  return contexts.getStore() ?? (fitCount > 0 ? training : inference);
}

/** Calls `work` with that context, also in what it awaits; inside a trace it stays inference. */
export function withTowerContext<T>(context: TowerContext, work: () => T): T {
  if (contexts.getStore() === traced) return work();
  return contexts.run({ isTraining: context.isTraining }, work);
}

/** Calls `work` as a trace does. */
export function inTrace<T>(work: () => T): T {
  return contexts.run(traced, work);
}

/** Models are trained from now on, until the function that it returns is called: for a fit's onTrainBegin and onTrainEnd. */
export function beginTraining(): () => void {
  fitCount++;
  let isOver = false;
  return () => {
    if (!isOver) fitCount--;
    isOver = true;
  };
}
