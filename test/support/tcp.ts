import { connect, createServer } from 'node:net'

/** A port of the loopback that nobody listens on now. */
export function freePort(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address() as { port: number }
    server.close(() => resolve(port))
  })
  return promise
}

/** What a program on this machine says before it closes the connection; `no answer` where none listens. */
export function answerOf(port: number, host = '127.0.0.1'): Promise<string> {
  return new Promise((resolve) => {
    let said = ''
    const socket = connect(port, host)
    socket.on('data', (bytes) => {
      said += String(bytes)
    })
    socket.on('error', () => resolve('no answer'))
    socket.on('close', () => resolve(said))
  })
}
