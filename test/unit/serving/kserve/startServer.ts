/** Both front ends on free ports, over the models of a folder. */
import { Server, ServerCredentials } from "@grpc/grpc-js";
import Fastify from "fastify";
import { addKserveService } from "../../../../framework/serving/kserve/addKserveService.js";
import type { KserveOptions } from "../../../../framework/serving/kserve/KserveOptions.js";
import { registerKserveRest } from "../../../../framework/serving/kserve/registerKserveRest.js";
import { FolderRepository } from "../../../../framework/serving/repository/FolderRepository.js";

const bodyLimit = 16 * 2 ** 20;

export async function startServer(folder: string, options: Partial<KserveOptions> = {}) {
  const repository = new FolderRepository({ folders: [folder] });
  const failed = await repository.loadAll();
  const all = { server: { name: "test server", version: "1.2.3" }, ...options };
  const app = Fastify({ bodyLimit });
  await app.register((scope) => registerKserveRest(scope, repository, all));
  await app.listen({ port: 0, host: "127.0.0.1" });
  const server = new Server({ "grpc.max_receive_message_length": bodyLimit });
  addKserveService(server, repository, all);
  const grpcPort = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    ),
  );
  const httpPort = (app.server.address() as { port: number }).port;
  const close = async () => {
    server.forceShutdown();
    await app.close();
    await repository.close();
  };
  return { repository, failed, app, httpPort, grpcPort, close };
}

export type TestServer = Awaited<ReturnType<typeof startServer>>;
