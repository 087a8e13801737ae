/** GET /metrics: what endpoints, models and the process have counted, in Prometheus' text, made when somebody asks. */
import type { Metric, Registry } from "prom-client";
import type { DurationStatistics, ModelRepository, ServedModel } from "../ServedModel.js";
import { type AnswerCounts, durationBuckets, type Endpoint } from "./Endpoint.js";

type Labels = Readonly<Record<string, string | number>>;
interface Sample {
  readonly labels: Labels;
  readonly value: number;
  readonly metricName?: string;
}

/** What a metric is, beside its values. */
interface Declared {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
}

export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
}

/** Upper bounds in rows. */
const rowBuckets = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

export async function createMetrics(
  serviceName: string,
  endpoints: readonly Endpoint[],
  repository: ModelRepository,
): Promise<Metrics> {
  const prometheus = await import("prom-client");
  const registry = new prometheus.Registry();
  registry.setDefaultLabels({ service_name: serviceName });
  prometheus.collectDefaultMetrics({ register: registry });
  addRequests(registry, endpoints);
  addModels(registry, () => readyModels(repository));
  return { contentType: registry.contentType, text: () => registry.metrics() };
}

/** prom-client's own classes count a value at a time; these were counted elsewhere already. */
function add(registry: Registry, declared: Declared, samples: () => Sample[]): void {
  const get = async () => ({ ...declared, values: samples(), aggregator: "sum" as const });
  registry.registerMetric({ ...declared, get, getForPromString: get, reset: () => {} } as unknown as Metric);
}

function addRequests(registry: Registry, endpoints: readonly Endpoint[]): void {
  const each = (give: (labels: Labels, counts: AnswerCounts) => Sample[]) => () =>
    endpoints.flatMap(({ path, answers }) =>
      [...answers].flatMap(([status, counts]) =>
        give({ endpoint: path, http_response_code: status }, counts),
      ),
    );
  add(
    registry,
    { name: "cmsrun_server_request_total", help: "Requests answered", type: "counter" },
    each((labels, { count }) => [{ labels, value: count }]),
  );
  const name = "cmsrun_server_request_duration_seconds";
  add(
    registry,
    { name, help: "From a request's headers to the end of its answer", type: "histogram" },
    each((labels, { buckets, count, seconds }) =>
      histogram(name, labels, durationBuckets, buckets, count, seconds),
    ),
  );
  add(
    registry,
    { name: "cmsrun_server_request_in_progress", help: "Requests not answered yet", type: "gauge" },
    () => endpoints.map(({ path, inProgress }) => ({ labels: { endpoint: path }, value: inProgress })),
  );
}

function addModels(registry: Registry, models: () => ServedModel[]): void {
  const each = (give: (model: ServedModel, labels: Labels) => Sample[]) => () =>
    models().flatMap((model) => give(model, { model: model.name, version: model.version }));
  const one = (declared: Declared, value: (model: ServedModel) => number) =>
    add(
      registry,
      declared,
      each((model, labels) => [{ labels, value: value(model) }]),
    );
  const counter = (name: string, help: string): Declared => ({ name, help, type: "counter" });
  one(counter("cmsrun_model_rows_total", "Rows computed"), ({ statistics }) => statistics.inferenceCount);
  one(
    counter("cmsrun_model_calls_total", "Calls of the model"),
    ({ statistics }) => statistics.executionCount,
  );
  const outcomes = ["success", "fail"] as const;
  add(
    registry,
    counter("cmsrun_model_requests_total", "Requests to the model, by their outcome"),
    each(({ statistics }, labels) =>
      outcomes.map((outcome) => ({ labels: { ...labels, outcome }, value: statistics[outcome].count })),
    ),
  );
  const phases = ["queue", "computeInput", "computeInfer", "computeOutput"] as const;
  add(
    registry,
    counter("cmsrun_model_phase_seconds_total", "Time spent on requests, by what was done"),
    each(({ statistics }, labels) =>
      phases.map((phase) => ({ labels: { ...labels, phase }, value: statistics[phase].ns / 1e9 })),
    ),
  );
  one(
    { name: "cmsrun_model_queued_rows", help: "Rows that wait for the model", type: "gauge" },
    ({ queuedRows }) => queuedRows ?? 0,
  );
  const name = "cmsrun_runner_batch_size";
  add(
    registry,
    { name, help: "Rows of a call of the model", type: "histogram" },
    each(({ statistics }, labels) => batchSizes(name, labels, statistics.batches)),
  );
}

function batchSizes(
  name: string,
  labels: Labels,
  batches: ReadonlyMap<number, DurationStatistics>,
): Sample[] {
  const buckets = new Float64Array(rowBuckets.length + 1);
  let [calls, rows] = [0, 0];
  for (const [size, { count }] of batches) {
    const bucket = rowBuckets.findIndex((bound) => size <= bound);
    const at = bucket < 0 ? rowBuckets.length : bucket;
    buckets[at] = (buckets[at] as number) + count;
    calls += count;
    rows += size * count;
  }
  return histogram(name, labels, rowBuckets, buckets, calls, rows);
}

/** Prometheus' buckets are summed up. */
function histogram(
  name: string,
  labels: Labels,
  bounds: readonly number[],
  counts: Float64Array,
  count: number,
  sum: number,
): Sample[] {
  let below = 0;
  const samples: Sample[] = bounds.map((bound, i) => {
    below += counts[i] as number;
    return { metricName: `${name}_bucket`, labels: { ...labels, le: bound }, value: below };
  });
  samples.push({ metricName: `${name}_bucket`, labels: { ...labels, le: "+Inf" }, value: count });
  samples.push({ metricName: `${name}_sum`, labels, value: sum });
  samples.push({ metricName: `${name}_count`, labels, value: count });
  return samples;
}

function readyModels(repository: ModelRepository): ServedModel[] {
  return repository
    .index()
    .filter(({ state }) => state === "READY")
    .map(({ name, version }) => repository.get(name, version));
}
