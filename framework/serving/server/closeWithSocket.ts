/** The end of responses that node forgets: those that are pipelined behind another when their connection goes. */
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

const waiting = new WeakMap<Socket, Set<ServerResponse>>();

/** Has a response without a socket emit "close" with its connection, as the one does that has the socket. */
export function closeWithSocket(response: ServerResponse, socket: Socket): void {
  let responses = waiting.get(socket);
  if (!responses) {
    const all = new Set<ServerResponse>();
    responses = all;
    waiting.set(socket, all);
    socket.once("close", () => {
      for (const one of all) one.emit("close");
    });
  }
  const own = responses.add(response);
  response.once("close", () => own.delete(response));
}
