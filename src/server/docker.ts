import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { DockerExecutor } from '../executors/docker/docker-executor.ts'
import { DEFAULT_ENGINE, engineOptionsOf, socketOf } from '../executors/docker/engine-address.ts'
import type { ServerOffer } from '../executors/docker/server-reach.ts'
import type { SegmentLogStore } from '../logs/segment-log-store.ts'
import { SegmentWriter } from '../logs/segment-writer.ts'
import type { Configuration } from './configuration.ts'
import { engineFileOf } from './data-directory.ts'
import type { WriterNews } from './executors.ts'
import { logDirectoryOf } from './logs.ts'

/** Where the engine is: as the flag says, else as the Docker CLI would look for it, else where this data directory's containers are. */
const addressOf = (c: Configuration): string =>
  c.dockerHost ?? process.env.DOCKER_HOST ?? keptAddress(c) ?? DEFAULT_ENGINE

const addressFileOf = (c: Configuration): string => engineFileOf(c.dataDirectory)

function keptAddress(c: Configuration): string | undefined {
  return existsSync(addressFileOf(c)) ? readFileSync(addressFileOf(c), 'utf8') : undefined
}

/**
 * The docker executor, with a log writer of its own. With `auto` it exists where an engine answers, or where this data
 * directory has had containers before: those are not given up because their engine is away now.
 */
export async function dockerExecutor(
  c: Configuration,
  news: WriterNews,
  logs: SegmentLogStore,
  server: ServerOffer,
): Promise<DockerExecutor | undefined> {
  const address = addressOf(c)
  if (c.dockerHost !== undefined) engineOptionsOf(c.dockerHost)
  const wanted = c.executor === 'docker' || existsSync(join(c.dataDirectory, 'docker', 'instance'))
  if (!wanted && !mayAnswer(address)) return undefined
  const docker = await import('../executors/docker/docker-executor.ts')
  if (!wanted && (await docker.probeEngine(address)) !== undefined) return undefined
  const executor = new docker.DockerExecutor({
    engine: address,
    dataDirectory: c.dataDirectory,
    allowedBinds: c.allowBind,
    allowPrivileged: c.allowPrivileged,
    publishAddress: c.publishAddress,
    server,
    logs: await takeOverLogs(c, logs),
    storedLog: (tenant, attempt) => logs.stored(tenant, attempt),
    onLog: news.frames,
    onProblem: news.problem,
  })
  writeFileSync(addressFileOf(c), address, { mode: 0o600 })
  return executor
}

/** False saves loading the engine's client, which takes a tenth of a start. */
function mayAnswer(address: string): boolean {
  const socket = socketOf(address)
  return socket === undefined || existsSync(socket)
}

/** Keeps the port that containers are told of. */
export const gatewayPortFileOf = (dataDirectory: string): string => join(dataDirectory, 'docker', 'gateway-port')

const WRITER = /^docker-(\d+)[-.]/

/** A writer of this server; those of servers before it are dead, and what they left is readable when this resolves. */
async function takeOverLogs(c: Configuration, logs: SegmentLogStore): Promise<SegmentWriter> {
  const directory = logDirectoryOf(c)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const numbers = new Set((await readdir(directory)).flatMap((file) => Number(WRITER.exec(file)?.[1] ?? -1)))
  numbers.delete(-1)
  for (const number of numbers) await logs.writerEnded(`docker-${number}`)
  return new SegmentWriter({ directory, writerId: `docker-${Math.max(-1, ...numbers) + 1}` })
}
