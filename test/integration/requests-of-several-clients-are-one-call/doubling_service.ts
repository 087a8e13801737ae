/** A runner of one's own that logs each call's shape, batchable and not. */
import { createRunner, Service, type TensorLike } from "#framework";

const shapes: string[] = [];

class Doubling {
  static readonly methods = {
    together: {
      batchable: true,
      inputs: [{ name: "x", dtype: "float64", shape: [-1, 5] }],
      outputs: [{ name: "y", dtype: "float64", shape: [-1, 5] }],
    },
    alone: {
      inputs: [{ name: "x", dtype: "float64", shape: [-1, 5] }],
      outputs: [{ name: "y", dtype: "float64", shape: [-1, 5] }],
    },
  } as const;

  together({ dtype, shape, data }: TensorLike): TensorLike {
    shapes.push(shape.join("x"));
    return { dtype, shape, data: (data as Float64Array).map((value) => 2 * value) };
  }

  alone(x: TensorLike): TensorLike {
    return this.together(x);
  }
}

const runner = createRunner(Doubling, { name: "doubling" });
const service = new Service({ name: "doubling_service", runners: [runner] });
for (const name of ["together", "alone"] as const)
  service.api(
    name,
    { input: JSON, output: JSON },
    async (row) => (await runner.method(name).asyncRun<number[][]>([row]))[0],
  );
service.api("shapes", { input: JSON, output: JSON }, () => shapes.splice(0));
/** Nothing else is done meanwhile: what clients send then is there at once when it is over. */
service.api("busy", { input: JSON, output: JSON }, (ms: number) => {
  const end = performance.now() + ms;
  while (performance.now() < end);
  return ms;
});
export default service;
