/** tensorpack's ModelExporter: a predictor's model, written as one compact graph or as a SavedModel to serve. */
import type { ConcreteFunction } from "../ConcreteFunction.js";
import { exportCompact, exportServing } from "../modelTools.js";
import type { ExportCompactOptions } from "./exportCompact.js";
import type { ExportServingOptions } from "./exportServing.js";

/** A PredictConfig, or whatever else gives a function whose signature is what it takes and gives. */
export interface ExportConfig {
  concreteFunction(): Promise<ConcreteFunction>;
}

export class ModelExporter {
  readonly #config: ExportConfig;

  constructor(config: ExportConfig) {
    this.#config = config;
  }

  /** A frozen graph for inference. @throws as exportCompact */
  async exportCompact(
    file: string,
    options: Pick<ExportCompactOptions, "optimize" | "tocoCompatible" | "sampleInputs"> = {},
  ): Promise<void> {
    await exportCompact(file, await this.#config.concreteFunction(), options);
  }

  /** A SavedModel whose keys are the tensors' names ("x:0"), as tensorpack has them. @throws as exportServing */
  async exportServing(
    exportDir: string,
    options: Pick<ExportServingOptions, "tags" | "signatureName" | "sampleInputs"> = {},
  ): Promise<void> {
    const { tags = ["serve"], signatureName = "prediction_pipeline", sampleInputs } = options;
    const fn = await this.#config.concreteFunction();
    await exportServing(exportDir, fn, { tags, signatureName, tensorNamesAsKeys: true, sampleInputs });
  }
}
