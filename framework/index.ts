/** What plugins and configs import as "#framework" inside this repository and as "cmsrun" outside. */
import "./aot/engine/register.js";
import "./modules/builtinServices.js";
import "./serving/sonic/register.js";
import "./serving/store/register.js";

export { inject } from "inversify";
export * as tfaot from "./aot/tfaot/exports.js";
export { Exception } from "./base/errors.js";
export {
  LogAbsolute,
  LogDebug,
  LogError,
  LogInfo,
  LogPrint,
  LogProblem,
  LogSystem,
  LogVerbatim,
  LogWarning,
} from "./base/log.js";
export { replaceFile } from "./base/replaceFile.js";
export { registerSharedForm, type Shareable } from "./base/sharedForm.js";
export { cms } from "./config/cms.js";
export type { Component as Module } from "./config/components.js";
export { Process } from "./config/Process.js";
export * from "./config/registries.js";
export { VarParsing } from "./config/VarParsing.js";
export { type BranchDescription, branchName } from "./data/BranchDescription.js";
export type { Event, Handle, LuminosityBlock, Run, StreamID } from "./data/Event.js";
export type { EventID } from "./data/EventID.js";
export type { EventSetup } from "./data/EventSetup.js";
export { appendEvents, type GrowingSegments, type LumiSegment } from "./data/LumiSegment.js";
export * from "./data/products.generated.js";
export { type FieldDescription, ProductType, transient } from "./data/ProductType.js";
export type { EDGetToken, EDPutToken } from "./data/tokens.js";
export { ClusterEncoder, type EncodedCluster } from "./io/ClusterEncoder.js";
export { type ClusterIndex, clusterSize } from "./io/eventFileFormat.js";
export { EventFileReader, type EventIDColumns } from "./io/EventFileReader.js";
export { EventFileWriter } from "./io/EventFileWriter.js";
export {
  type RootBranch,
  type RootColumn,
  RootTreeReader,
  type RootValues,
} from "./io/root/RootTreeReader.js";
export { chooseColumns, type ColumnRule, isPattern, parseColumnRule } from "./io/tfexample/chooseColumns.js";
export { descriptionPaths, featuresJson, featuresPython } from "./io/tfexample/describeExamples.js";
export { type Compression, type EncodedExamples, ExampleEncoder } from "./io/tfexample/ExampleEncoder.js";
export { type ExampleLayout, exampleLayout, type Granularity } from "./io/tfexample/layout.js";
export { type Example, type ExampleValues, readExamples } from "./io/tfexample/readExamples.js";
export { type RecordShard, TFRecordWriter } from "./io/tfexample/TFRecordWriter.js";
export * as global from "./modules/global.js";
export {
  type EventBlock,
  type InputRange,
  InputSource,
  type Provided,
  type SourceProduct,
} from "./modules/InputSource.js";
export { OpenFiles, resolveInputFile } from "./modules/inputFiles.js";
export * as limited from "./modules/limited.js";
export * as one from "./modules/one.js";
export { DEFINE_FWK_MODULE, DEFINE_FWK_SERVICE, service } from "./modules/PluginFactory.js";
export type { ModuleDescription, ServiceHooks } from "./modules/ServiceHooks.js";
export * as stream from "./modules/stream.js";
export * from "./parameters/description.js";
export { ESInputTag, InputTag } from "./parameters/InputTag.js";
export { ParameterSet } from "./parameters/ParameterSet.js";
export { SimpleDatasetPredictor, MultiThreadDatasetPredictor } from "./predict/DatasetPredictor.js";
export { EventDataset, type EventDatasetOptions, type TensorColumns } from "./predict/EventDataset.js";
export { FeedfreePredictor, type InputStream } from "./predict/FeedfreePredictor.js";
export { MultiThreadPredictor, type ThreadOptions } from "./predict/MultiThreadPredictor.js";
export { OfflinePredictor, type Prediction } from "./predict/OfflinePredictor.js";
export { PredictConfig, type PredictOptions } from "./predict/PredictConfig.js";
export type { IODescriptor, JsonSchema } from "./serving/service/IODescriptor.js";
export { io } from "./serving/service/io.js";
export { type ApiContext, type ApiOptions, Service, type ServiceOptions } from "./serving/service/Service.js";
export type { BatchRun } from "./serving/batching/BatchCall.js";
export { Batcher, type BatcherOptions } from "./serving/batching/Batcher.js";
export { BatchingProducer } from "./serving/batching/BatchingProducer.js";
export type { EventBatchOptions } from "./serving/batching/EventBatcher.js";
export { createRunner, type RunnableModel, Runner } from "./serving/runner/Runner.js";
export type { RunnerOptions } from "./serving/runner/runnerOptions.js";
export type { RunnerMethod } from "./serving/runner/RunnerMethod.js";
export type { RunnableClass, RunnableMethod } from "./serving/runner/runnableMethod.js";
export { batchesOf } from "./predict/batchesOf.js";
export type { ColumnDType } from "./predict/ColumnTensor.js";
export { EventBatch, type TensorSource } from "./predict/EventBatch.js";
export {
  type InferencerChoice,
  inferencerChoice,
  inferencerParameters,
  tensorParameters,
  tensorSource,
} from "./predict/evaluationParameters.js";
export { formatResult } from "./predict/formatResult.js";
export { ExactSum, type PlainExactSum } from "./predict/ExactSum.js";
export { getPredictor, type Predictor, type TrainedModel } from "./predict/getPredictor.js";
export { categoryAxis, type Histogram, histogram, regularAxis } from "./predict/Histogram.js";
export {
  type Batches,
  type FitCallback,
  InferenceRunner,
  type InferenceRunnerOptions,
  type PredictFunction,
} from "./predict/InferenceRunner.js";
export { type InferenceResult, type Inferencer, type NamedTensors, resultOf } from "./predict/Inferencer.js";
export { BinaryClassificationStats } from "./predict/inferencers/BinaryClassificationStats.js";
export { Calibration } from "./predict/inferencers/Calibration.js";
export { ClassificationError } from "./predict/inferencers/ClassificationError.js";
export { ConfusionMatrix } from "./predict/inferencers/ConfusionMatrix.js";
export { RocCurve, type RocOptions, type RocPoint } from "./predict/inferencers/RocCurve.js";
export { ScalarStats } from "./predict/inferencers/ScalarStats.js";
export { type InferencerOptions, makeInferencer, registerInferencer } from "./predict/inferencerTypes.js";
export { mustBeWritable, writeHistograms, writeScalars } from "./predict/writeResult.js";
export { Model } from "./serving/store/Model.js";
export { ModelStore } from "./serving/store/ModelStore.js";
export { models } from "./serving/store/models.js";
export type { SaveModelOptions } from "./serving/store/saveModel.js";
export { Tag } from "./serving/store/Tag.js";
export { MessageLogger } from "./services/MessageLogger.js";
export {
  RecoverableException,
  type RetryType,
  SonicClient,
  sonicClientParameters,
  type SonicMode,
} from "./serving/sonic/SonicClient.js";
export { SonicEDFilter, SonicEDProducer, SonicOneEDAnalyzer } from "./serving/sonic/SonicEDProducer.js";
export {
  type TritonBatchMode,
  TritonClient,
  tritonClientParameters,
  type TritonInputMap,
  type TritonOutputMap,
  type TritonParameters,
} from "./serving/sonic/TritonClient.js";
export type { TritonInputData, TritonOutputData } from "./serving/sonic/TritonData.js";
export {
  tritonClient,
  TritonEDFilter,
  TritonEDProducer,
  TritonOneEDAnalyzer,
} from "./serving/sonic/TritonEDProducer.js";
export { TritonService } from "./serving/sonic/TritonService.js";
export { asTensor, type TensorInput } from "./tensorflow/asTensor.js";
export { type ConcreteFunction, freeze, fromGraphDef } from "./tensorflow/ConcreteFunction.js";
export { Checkpoint, type StoredTensor } from "./tensorflow/checkpoint/Checkpoint.js";
export {
  smartInit,
  smartInit as SmartInit,
  type SmartInitOptions,
  type SmartInitSource,
} from "./tensorflow/checkpoint/smartInit.js";
export { type WriteCheckpointOptions, writeCheckpoint } from "./tensorflow/checkpoint/writeCheckpoint.js";
export { type GraphDef, loadGraphDef, type Signature, type SignatureTensor } from "./tensorflow/GraphDef.js";
export type { MetaGraphDef } from "./tensorflow/savedmodel/metaGraph.js";
export { loadNpy, loadNpz, saveNpz } from "./tensorflow/numpy/npz.js";
export type { Options } from "./tensorflow/Options.js";
export type { PreparedCall } from "./tensorflow/PreparedCall.js";
export {
  loadConcreteFunction,
  loadGraph,
  loadMetaGraphDef,
  loadSavedModel,
  type ModelOptions,
  type SavedModelOptions,
} from "./tensorflow/savedmodel/SavedModel.js";
export {
  concreteFunction,
  exportCompact,
  exportServing,
  fromLayersModel,
  loadFrozenGraph,
  loadFrozenGraph as load_graph,
  saveFrozenGraph,
  saveFrozenGraph as save_graph,
  toConcreteFunction,
} from "./tensorflow/modelTools.js";
export type { ExportCompactOptions } from "./tensorflow/saving/exportCompact.js";
export type { ExportServingOptions, Signatures } from "./tensorflow/saving/exportServing.js";
export { type ExportConfig, ModelExporter } from "./tensorflow/saving/ModelExporter.js";
export type { SavedGraph, SaveGraphOptions } from "./tensorflow/saving/saveFrozenGraph.js";
export type { Saveable, ToConcreteFunctionOptions } from "./tensorflow/saving/toConcreteFunction.js";
export { createSession, type Feeds, Session } from "./tensorflow/Session.js";
export { SessionCache } from "./tensorflow/SessionCache.js";
export { writeGraphSummary } from "./tensorflow/writeGraphSummary.js";
export { type NamedTensor, Tensor, type TensorLike } from "./tensorflow/Tensor.js";
export { TensorSpec } from "./tensorflow/TensorSpec.js";
export type { ConcreteFunctionOptions, TraceableFunction } from "./tensorflow/trace/concreteFunction.js";
export type { LayersModelLike } from "./tensorflow/trace/fromLayersModel.js";
export { type RawAttr, type RawOutput, rawOp } from "./tensorflow/trace/rawOp.js";
export { type TowerContext, towerContext, withTowerContext } from "./tensorflow/trace/towerContext.js";
