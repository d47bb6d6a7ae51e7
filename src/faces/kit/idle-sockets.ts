import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Ends connections whose client went silent in the middle of a request, however long the request may take: an upload of
 * an hour is fine, a minute without a byte is not. A request that is whole may be answered as late as its handler likes,
 * and one that we ourselves hold back (its bytes wait to be read) is not the client's fault. `idleMs` without a request
 * is for Node's own `keepAliveTimeout`.
 */
export function endIdleSockets(server: Server, idleMs: number): void {
  const underWay = new WeakMap<Socket, IncomingMessage>()
  // Node's hard limit on the time of a whole request would end long uploads.
  server.requestTimeout = 0
  server.timeout = idleMs
  server.prependListener('request', (request: IncomingMessage, response) => {
    underWay.set(request.socket, request)
    response.on('close', () => underWay.delete(request.socket))
  })
  server.on('timeout', (socket: Socket) => {
    const request = underWay.get(socket)
    if (!request) return void socket.destroy()
    if (request.complete) return
    if (request.readableLength > 0) return void socket.setTimeout(idleMs)
    socket.end(TOO_SLOW)
    socket.destroySoon()
  })
}

const TOO_SLOW = 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'
