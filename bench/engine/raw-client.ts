/**
 * The cheapest HTTP client that is still one: keep-alive sockets, one request at a time on each, answers told apart by
 * their content-length. The client shares the machine with what it measures.
 */
import { connect, type Socket } from 'node:net'

export interface RawAnswer {
  readonly status: number
  readonly body: Buffer
}

const HEAD_END = Buffer.from('\r\n\r\n')

class Connection {
  readonly #socket: Socket
  #pieces: Buffer = Buffer.alloc(0)
  #waiting: { readonly resolve: (answer: RawAnswer) => void; readonly reject: (error: Error) => void } | undefined

  constructor(host: string, port: number) {
    this.#socket = connect({ host, port, noDelay: true })
    this.#socket.on('data', (piece: Buffer) => this.#feed(piece))
    this.#socket.on('error', (error) => this.#waiting?.reject(error))
    this.#socket.on('close', () => this.#waiting?.reject(new Error('the server closed the connection')))
  }

  send(request: Buffer): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#socket.write(request)
    })
  }

  end(): void {
    this.#waiting = undefined
    this.#socket.destroy()
  }

  #feed(piece: Buffer): void {
    this.#pieces = this.#pieces.length === 0 ? piece : Buffer.concat([this.#pieces, piece])
    const headEnd = this.#pieces.indexOf(HEAD_END)
    if (headEnd === -1) return
    const head = this.#pieces.toString('latin1', 0, headEnd)
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
    const end = headEnd + 4 + length
    if (this.#pieces.length < end) return
    const answer = { status: Number(head.slice(9, 12)), body: this.#pieces.subarray(headEnd + 4, end) }
    this.#pieces = this.#pieces.subarray(end)
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.resolve(answer)
  }
}

export class RawClient {
  readonly #connections: Connection[]
  readonly #host: string
  readonly #headers: string

  constructor(url: string, headers: Readonly<Record<string, string>>, connections: number) {
    const { hostname, port, host } = new URL(url)
    this.#host = host
    this.#headers = Object.entries(headers)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')
    this.#connections = Array.from({ length: connections }, () => new Connection(hostname, Number(port)))
  }

  /** A request as bytes, to be sent often. */
  request(method: string, path: string, body?: string): Buffer {
    const content =
      body === undefined ? '' : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`
    return Buffer.from(
      `${method} ${path} HTTP/1.1\r\nhost: ${this.#host}\r\n${this.#headers}${content}\r\n${body ?? ''}`,
    )
  }

  /** Throws when it is not answered with 2xx. */
  async send(request: Buffer, connection = 0): Promise<RawAnswer> {
    const answer = await this.#connections[connection]!.send(request)
    if (answer.status >= 300) throw new Error(`${answer.status}: ${answer.body.toString()}`)
    return answer
  }

  async json<T>(method: string, path: string, body?: object): Promise<T> {
    const answer = await this.send(this.request(method, path, body && JSON.stringify(body)))
    return (answer.body.length > 0 ? JSON.parse(answer.body.toString()) : undefined) as T
  }

  /** Sends `request` `count` times over all connections; resolves with the seconds it took. */
  async times(count: number, request: Buffer): Promise<number> {
    let left = count
    const began = performance.now()
    await Promise.all(
      this.#connections.map(async (_, i) => {
        while (left-- > 0) await this.send(request, i)
      }),
    )
    return (performance.now() - began) / 1_000
  }

  end(): void {
    for (const connection of this.#connections) connection.end()
  }
}
