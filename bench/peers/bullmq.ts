import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RUN_TRUE, runNodeWorker } from './node-worker.ts'
import type { Peer } from './peer.ts'
import { has } from './programs.ts'

const PACKAGES = ['bullmq@5']
const SCRIPT = `${RUN_TRUE}
import { Queue, Worker } from 'bullmq'
const [count, port] = process.argv.slice(2).map(Number)
const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null }
const queue = new Queue('bench', { connection })
await queue.waitUntilReady()
let done = 0
const began = performance.now()
const worker = new Worker('bench', runTrue, { connection, concurrency: 8 })
const all = new Promise((resolve) => worker.on('completed', () => { if (++done === count) resolve() }))
for (let i = 0; i < count; i += 32)
  await Promise.all(Array.from({ length: Math.min(32, count - i) }, () => queue.add('true', {})))
await all
console.log((count / (performance.now() - began)) * 1000)
process.exit(0)
`

/** BullMQ on a Redis that writes each change to its disk (appendfsync always), eight jobs at a time. */
export const bullmq: Peer = {
  name: 'BullMQ, Redis with fsync',
  missing: () => (has('redis-server') ? undefined : 'apt-get install redis-server'),
  async rate(count) {
    const directory = mkdtempSync(join(tmpdir(), 'taskport-peer-'))
    const port = await freePort()
    const durable = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', '']
    const redis = spawn('redis-server', ['--port', String(port), '--dir', directory, ...durable], { stdio: 'ignore' })
    try {
      return await runNodeWorker(PACKAGES, SCRIPT, [String(count), String(port)])
    } finally {
      redis.kill()
      rmSync(directory, { recursive: true, force: true })
    }
  },
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  return port
}
