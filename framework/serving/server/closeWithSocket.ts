/** The end of responses that node forgets: those that are pipelined behind another when their connection goes. */
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

const pending = new WeakMap<Socket, Set<ServerResponse>>();

/** Has a response without a socket emit "close" with its connection, as the one does that has the socket. */
export function closeWithSocket(response: ServerResponse, socket: Socket): void {
  const responses = pending.get(socket) ?? closedWith(socket);
  responses.add(response);
  response.once("close", () => responses.delete(response));
}

function closedWith(socket: Socket): Set<ServerResponse> {
  const responses = new Set<ServerResponse>();
  pending.set(socket, responses);
  socket.once("close", () => {
    for (const response of responses) response.emit("close");
  });
  return responses;
}
