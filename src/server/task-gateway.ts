/**
 * The side door for containers: on the address that a container network has on this machine, running tasks find what
 * they are told to ask (metadata, their own attempt), and nothing else of the server.
 *
 * G1. Only what faces claim `forTasks` is answered; everything else is 404 before any face sees it.
 * G2. The port outlives the server, for containers that were told of it: it lies in a file. Taken by another program in
 *     the meantime, a new one is chosen.
 * G3. Before the faces are there it says 503: tasks ask again.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname } from 'node:path'
import { ClaimIndex } from '../faces/kit/claim-index.ts'
import type { Face } from '../faces/kit/face.ts'
import { endIdleSockets } from '../faces/kit/idle-sockets.ts'
import type { Origin } from '../faces/kit/origin.ts'

const IDLE_MS = 60_000

export class TaskGateway {
  readonly #portFile: string
  readonly #doors = new Map<string, Promise<Server | undefined>>()
  #answer: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined

  constructor(portFile: string) {
    this.#portFile = portFile
  }

  /** Opens a door at an address; answers its URL, undefined where that is no address of this machine. Idempotent. */
  async offer(address: string): Promise<string | undefined> {
    const door = this.#doors.get(address) ?? this.#open(address)
    this.#doors.set(address, door)
    const server = await door
    if (server === undefined) this.#doors.delete(address)
    return server && `http://${address}:${(server.address() as AddressInfo).port}`
  }

  /** From now on tasks are answered. */
  connect(origin: Origin, faces: readonly Face[]): void {
    const admitted = new ClaimIndex(
      faces.flatMap((face) =>
        (face.forTasks ?? []).map((claim) => ({ claim, face: face.name, target: true as const })),
      ),
    )
    this.#answer = (request, response) => origin.handle(request, response, admitted)
  }

  async close(): Promise<void> {
    this.#answer = undefined
    for (const door of this.#doors.values()) {
      const server = await door
      server?.close()
      server?.closeAllConnections()
    }
  }

  async #open(address: string): Promise<Server | undefined> {
    const kept = this.#keptPort()
    const server = (await listening(this.#server(), address, kept)) ?? (await listening(this.#server(), address, 0))
    if (server !== undefined) this.#keepPort((server.address() as AddressInfo).port)
    return server
  }

  #server(): Server {
    const server = createServer((request, response) => {
      if (this.#answer === undefined) response.writeHead(503, { 'retry-after': '1' }).end()
      else if (!this.#answer(request, response)) response.writeHead(404).end('nothing here is for tasks\n')
    })
    endIdleSockets(server, IDLE_MS)
    return server.unref()
  }

  #keptPort(): number {
    try {
      return Number(readFileSync(this.#portFile, 'utf8')) || 0
    } catch {
      return 0
    }
  }

  #keepPort(port: number): void {
    mkdirSync(dirname(this.#portFile), { recursive: true, mode: 0o700 })
    writeFileSync(this.#portFile, String(port), { mode: 0o600 })
  }
}

/** Undefined when it cannot listen there. */
function listening(server: Server, address: string, port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined))
    server.listen(port, address, () => resolve(server))
  })
}
