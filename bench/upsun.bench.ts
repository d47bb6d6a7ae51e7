/**
 * What Taskport adds to the vendor's own command line. `upsun task:run --wait` of a no-op goes through a proxy that
 * writes down when a request was open: together those times are our share of the wall time — the run itself, its log and
 * every poll among them —, the rest is the command line's own. And a followed log: from a line's own clock to the client,
 * against a bare pipe from the same program. Both sides in one run. `BENCH_ROUNDS` (10), `BENCH_LINES` (100).
 */
import { spawn } from 'node:child_process'
import { Agent, createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { hasUpsunCli, UpsunWorld } from '../test/support/upsun-world.ts'
import { median, quantile, say } from './engine/figure.ts'

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 10)
const WARM_UP = 2
const LINES = Number(process.env.BENCH_LINES ?? 100)

const STAMPS =
  'import sys,time\nfor i in range(int(sys.argv[1])): print("at",time.time_ns(),flush=True); time.sleep(0.02)\n'
const CONFIG = `
tasks:
  noop: { type: "python:3", run: { command: "true" } }
  stamps: { type: "python:3", run: { command: "python3 stamps.py ${LINES}" } }
`

/** Forwards everything, and knows how long at least one request was open. */
class Watch {
  readonly #target: URL
  readonly #agent = new Agent({ keepAlive: true })
  readonly #server: Server = createServer((from, to) => this.#forward(from, to))
  #open = 0
  #since = 0
  #busyMs = 0

  constructor(target: string) {
    this.#target = new URL(target)
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Since it was last asked, ms. */
  take(): number {
    const busy = this.#busyMs
    this.#busyMs = 0
    return busy
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
    this.#agent.destroy()
  }

  #forward(from: IncomingMessage, to: ServerResponse): void {
    if (this.#open++ === 0) this.#since = performance.now()
    to.on('close', () => {
      if (--this.#open === 0) this.#busyMs += performance.now() - this.#since
    })
    const { hostname, port } = this.#target
    const { method, url: path, headers } = from
    const onward = request({ hostname, port, method, path, headers, agent: this.#agent }, (reply) => {
      to.writeHead(reply.statusCode ?? 502, reply.headers)
      reply.pipe(to)
    })
    onward.on('error', () => to.destroy())
    from.pipe(onward)
  }
}

async function commandLine(world: UpsunWorld): Promise<void> {
  const watch = new Watch(world.variables.UPSUN_CLI_API_URL!)
  const url = await watch.listen()
  world.variables = { ...world.variables, UPSUN_CLI_API_URL: url, UPSUN_CLI_AUTH_URL: url }
  const ours: number[] = []
  const own: number[] = []
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    watch.take()
    const began = performance.now()
    const { code, stderr } = await world.upsun(['task:run', 'noop', '-p', 'bench', '-e', 'main', '--wait'])
    const wall = performance.now() - began
    if (code !== 0) throw new Error(`task:run exited with ${code}: ${stderr}`)
    if (round < 0) continue
    const share = watch.take()
    ours.push(share)
    own.push(wall - share)
  }
  watch.close()
  const base = { name: 'the command line itself, median', value: median(own) }
  const [value, ratio] = [median(ours), median(ours) / median(own)]
  say({ figure: 'task:run --wait of a no-op: our share', value, unit: 'ms', base, ratio, wanted: '≤ 100 ms' })
}

/** From the time that each line says it was written at, ms. */
async function delays(stream: Readable, messageOf: (line: string) => string | undefined): Promise<readonly number[]> {
  const found: number[] = []
  for await (const line of createInterface({ input: stream })) {
    const stamp = /^at (\d+)/.exec(messageOf(line) ?? '')?.[1]
    if (stamp !== undefined) found.push(performance.timeOrigin + performance.now() - Number(stamp) / 1e6)
  }
  if (found.length !== LINES) throw new Error(`${found.length} of ${LINES} lines came`)
  return found
}

async function followedLog(world: UpsunWorld): Promise<void> {
  const bare = spawn('python3', ['-c', STAMPS, String(LINES)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const base = await delays(bare.stdout, (line) => line)
  const { id } = await world.start('bench', 'stamps')
  const reply = await world.api(`/projects/bench/activities/${id}/log`)
  const stream = Readable.fromWeb(reply.body as import('node:stream/web').ReadableStream)
  const ours = await delays(stream, (line) => (JSON.parse(line) as { data?: { message: string } }).data?.message)
  for (const [name, q] of [
    ['median', 0.5],
    ['p99', 0.99],
  ] as const)
    say({
      figure: `a line of a followed log, ${name}`,
      value: quantile(ours, q),
      unit: 'ms after it was written',
      base: { name: `a bare pipe, ${name}`, value: quantile(base, q) },
      wanted: '≤ 50 ms',
    })
}

const world = new UpsunWorld()
await world.open()
try {
  const deployed = await world.deploy('bench', { '.upsun/config.yaml': CONFIG, 'stamps.py': STAMPS })
  if (deployed.code !== 0) throw new Error(deployed.stderr)
  await followedLog(world)
  if (hasUpsunCli) await commandLine(world)
  else console.log('the vendor’s command line is not installed here')
} finally {
  await world.close()
}
