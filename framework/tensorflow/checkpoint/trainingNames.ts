/** Which tensors of a checkpoint are there for training alone, by their names: tensorpack's list, and what Keras adds. */

const trainingNames: readonly RegExp[] = [
  /\/(Adam|Adam_1|Momentum|Adadelta|Adadelta_1|RMSProp|RMSProp_1|Adagrad)$/i,
  /(^|\/)EMA\//,
  /^AccumGrad|\/AccumGrad$/,
  /^apply_gradients/,
  /(^|\/)beta[12]_power(_\d+)?$/,
  // Keras: slots are in variables' scopes up to 2.10, in the optimizer's own from 2.11.
  /\/\.OPTIMIZER_SLOT\//,
  /^(training\/)?(Adam|AdamW|Adamax|Nadam|SGD|RMSprop|Adadelta|Adagrad|Ftrl|Lion|Adafactor)(_\d+)?\//,
  /(^|\/)optimizer\/_?(iterations|learning_rate|current_learning_rate|variables|velocities|momentums)(\/|$)/,
  /(^|\/)optimizer\/(iter|beta_1|beta_2|decay|learning_rate|momentum|rho)(\/|$)/,
];

/** What savers and training loops keep beside the variables. */
const bookkeeping =
  /^(global_step|save_counter|_CHECKPOINTABLE_OBJECT_GRAPH|keras_api\/.*)$|OBJECT_CONFIG_JSON$/;

/** @param name with or without ":0": a variable's name or a checkpoint's key */
export function isTrainingName(name: string): boolean {
  const plain = name.replace(/:0$/, "");
  return trainingNames.some((pattern) => pattern.test(plain));
}

/** Whether nobody misses it where a model is only run. */
export function isBookkeeping(name: string): boolean {
  return bookkeeping.test(name.replace(/:0$/, "").replace(/\/\.ATTRIBUTES\/VARIABLE_VALUE$/, ""));
}
