/** The service as grpc-js takes it: how its messages are read and written. */
import type { ServiceDefinition } from "@grpc/grpc-js";
import { inferenceMethods, inferencePath, requestType, responseType } from "./inferenceSchema.js";

/** A message that could not be decoded: the call is answered, not broken off. */
export class Malformed {
  constructor(readonly error: Error) {}
}

export function serviceDefinition(): ServiceDefinition {
  const definitions = inferenceMethods.map((method) => {
    const [request, response] = [requestType(method), responseType(method)];
    const isStream = method === "ModelStreamInfer";
    const isPlain = isStream || method === "ModelInfer";
    return [
      method,
      {
        path: inferencePath(method),
        requestStream: isStream,
        responseStream: isStream,
        requestSerialize: (message: object) => Buffer.from(request.encode(message).finish()),
        requestDeserialize: (bytes: Buffer) => {
          try {
            return request.decode(bytes);
          } catch (error) {
            return new Malformed(error as Error);
          }
        },
        // Documents have enumerations by their words; answers to inference need no such care.
        responseSerialize: (message: object) =>
          Buffer.from(response.encode(isPlain ? message : response.fromObject(message)).finish()),
        responseDeserialize: (bytes: Buffer) => response.decode(bytes),
      },
    ];
  });
  return Object.fromEntries(definitions) as ServiceDefinition;
}
