/**
 * A model as a service: four numbers in, two scores out.
 *   edmServe configs/test_service.ts [model=… | tag=my_model:latest]
 *   curl -H "Content-Type: application/json" -d "[0, 1, 2, 3]" http://127.0.0.1:3000/predict
 */
import { createRunner, models, Service, VarParsing } from "#framework";

const { multiplicity, varType } = VarParsing;
const options = new VarParsing("standard");
options.register(
  "model",
  `${import.meta.dirname}/../data/models/simple/saved_model`,
  multiplicity.singleton,
  varType.string,
  "directory of a SavedModel",
);
options.register("tag", "", multiplicity.singleton, varType.string, "or a model of the store, by its tag");
options.parseArguments();

const name = "test_model";
const batchable = { __call__: { batchable: true, batchDim: [0, 0] } } as const;
const runner =
  options.tag === ""
    ? createRunner({ path: options.model, signatures: batchable }, { name })
    : models.get(options.tag).toRunner({ name });

const service = new Service({ name: "test_service", runners: [runner] });
service.api("predict", { input: JSON, output: JSON }, async (o) => (await runner.asyncRun([o]))[0]);
export default service;
