/**
 * The server: configuration → wiring → listening → graceful end. It constructs everything and is imported by nothing
 * but the CLI's entry.
 *
 * Order of a start: key file → store (one server per data directory) → logs → executors → engine (takes up what runs),
 * faces meanwhile → listen. `server.json` in the data directory is written last: who finds it finds a server that is ready.
 */
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Logger as Pino, pino } from 'pino'
import { EngineError } from '../core/engine-error.ts'
import { DEFAULTS } from '../engine/context.ts'
import { createEngine, type RunningEngine } from '../engine/create-engine.ts'
import type { ExecutorSet } from '../engine/executor-set.ts'
import type { Reactor } from '../engine/reactor.ts'
import { storedSecrets } from '../engine/secrets.ts'
import { ServiceRunner } from '../engine/ticked-service.ts'
import type { WebhookFormat } from '../engine/webhook-format.ts'
import { CredentialTable } from '../faces/kit/credential-table.ts'
import type { Origin } from '../faces/kit/origin.ts'
import { openOrigin } from '../faces/kit/origin.ts'
import { Metrics } from '../faces/native/metrics.ts'
import type { SegmentLogStore } from '../logs/segment-log-store.ts'
import { FileObjectStore } from '../objects/file-object-store.ts'
import type { SqliteStore } from '../store/sqlite/sqlite-store.ts'
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts'
import { attemptEnvironmentOf } from './attempt-environment.ts'
import { bannerOf } from './banner.ts'
import type { Configuration } from './configuration.ts'
import { problemWith } from './configuration.ts'
import { credentialSweep } from './credential-sweep.ts'
import { keyFileOf, makeDataDirectory, objectDirectoryOf } from './data-directory.ts'
import { gatewayPortFileOf } from './docker.ts'
import { makeExecutors, type WriterNews } from './executors.ts'
import { FIRST_START_SPELLINGS } from './first-start-spellings.ts'
import { httpDeliver } from './http-deliver.ts'
import { openLogs } from './logs.ts'
import { thisMachine } from './machine.ts'
import { readServerFile, removeServerFile, writeServerFile } from './server-file.ts'
import { systemAlarms, systemClock } from './system-clock.ts'
import { TaskGateway } from './task-gateway.ts'
import { uuidIds } from './uuid-ids.ts'
import { openVault } from './vault.ts'

export interface Server {
  /** `http://host:port` as bound. */
  readonly url: string
  readonly configuration: Configuration
  banner(): Promise<readonly string[]>
  /** Resolves when everything is durable and closed. What runs goes on, unless `endTasks`. */
  stop(options: { readonly endTasks: boolean }): Promise<void>
}

/** Starts a server. Rejects with a sentence an operator can act on. */
export async function serve(given: Configuration): Promise<Server> {
  const problem = problemWith(given)
  if (problem) throw new Error(problem)
  // Cells, which outlive it, may have been started elsewhere.
  const absolute = (paths: readonly string[]) => paths.map((path) => resolve(path))
  const { dataDirectory, allowBind, allowRoot } = given
  const c = {
    ...given,
    dataDirectory: resolve(dataDirectory),
    allowBind: absolute(allowBind),
    allowRoot: absolute(allowRoot),
  }
  makeDataDirectory(c.dataDirectory)
  // The faces are most of what there is to load: meanwhile the store's thread and the first cell come up.
  const loading = import('./faces.ts')
  loading.catch(() => undefined)
  const ground = await openGround(c)
  try {
    return await serveFrom(c, ground, (await loading).makeFaces)
  } catch (error) {
    await closeGround(ground)
    throw error
  }
}

type MakeFaces = typeof import('./faces.ts').makeFaces

/** What a server stands on, open before it answers and closed after it. */
interface Ground {
  readonly vault: ReturnType<typeof openVault>
  readonly log: Pino
  readonly metrics: Metrics
  readonly store: SqliteStore
  readonly logs: SegmentLogStore
  readonly executors: ExecutorSet
  readonly gateway: TaskGateway
  /** Where it listens; the URL is empty until then when the port is any. */
  readonly place: { url: string }
}

async function openGround(c: Configuration): Promise<Ground> {
  const vault = openVault(keyFileOf(c.dataDirectory))
  const log = pino(
    { level: c.logLevel, redact: ['*.secret', '*.token', '*.password', '*.authorization', '*.env'] },
    pino.destination(2),
  )
  const metrics = new Metrics()
  const open = () => openSqliteStore({ directory: c.dataDirectory, committed: (ms) => metrics.committed(ms / 1_000) })
  const store = await whenLeft(c.dataDirectory, open)
  const logs = await openLogs(c)
  try {
    const place = { url: c.port === 0 ? '' : `http://${c.host}:${c.port}` }
    const gateway = new TaskGateway(gatewayPortFileOf(c.dataDirectory))
    const offer = { url: () => place.url, offer: (address: string) => gateway.offer(address) }
    const executors = await makeExecutors(c, writerNews(logs, log), logs, offer)
    // Only begun here, where the directory is known to be this server's alone: the engine waits for it and hears of failure.
    executors.ready().catch(() => undefined)
    return { vault, log, metrics, store, logs, executors, gateway, place }
  } catch (error) {
    await closeGround({ logs, store })
    throw error
  }
}

/** How long a server that ends has the directory at most, and how often it is looked at, ms. */
const LEAVING_MS = 15_000
const LOOK_MS = 50

/** Another server that is ready has the directory: refused at once. One that ends (or starts) says nothing of itself there, and is waited for. */
async function whenLeft<T>(directory: string, open: () => Promise<T>): Promise<T> {
  for (const since = performance.now(); ; await sleep(LOOK_MS)) {
    try {
      return await open()
    } catch (error) {
      const isTaken = error instanceof EngineError && error.facts.subject === 'directory'
      if (!isTaken || readServerFile(directory) !== undefined || performance.now() - since > LEAVING_MS) throw error
    }
  }
}

/** Nothing of a server that did not start keeps its process from ending. */
async function closeGround({ logs, store }: Pick<Ground, 'logs' | 'store'>): Promise<void> {
  await logs.close()
  await store.close()
}

async function serveFrom(c: Configuration, ground: Ground, makeFaces: MakeFaces): Promise<Server> {
  const { vault, log, metrics, store, logs, executors, gateway, place } = ground
  const reactors: Reactor[] = []
  const formats = new Map<string, WebhookFormat>()
  const running = createEngine({
    store,
    logs,
    executors,
    clock: systemClock,
    alarms: systemAlarms,
    ids: uuidIds,
    chance: { next: () => Math.random() },
    secrets: storedSecrets(store, vault),
    vault,
    reactors,
    deliver: httpDeliver({ allowAddresses: c.allowAddress }),
    formats,
    defaults: { ...DEFAULTS, retentionMs: c.retentionMs },
    logger: engineLogger(log),
    attemptEnvironment: attemptEnvironmentOf(vault, () => c.publicUrl ?? place.url),
  })
  const credentials = new CredentialTable(store, systemClock.now, vault, FIRST_START_SPELLINGS)
  const sweep = new ServiceRunner(running.context, credentialSweep(credentials))
  const objects = await FileObjectStore.open(objectDirectoryOf(c.dataDirectory))
  const publicUrl = (): string => c.publicUrl ?? place.url
  const faces = makeFaces({ configuration: c, running, credentials, vault, log, metrics, objects, publicUrl })
  for (const face of faces) {
    if (face.reactor) reactors.push(face.reactor)
    for (const [name, format] of Object.entries(face.webhookFormats ?? {})) formats.set(name, format)
  }
  const engineStarted = running.start(thisMachine(c))
  const [origin] = await Promise.all([openOrigin({ faces, fallback: 'native', engineStarted }), engineStarted])
  sweep.start()
  gateway.connect(origin, faces)
  metrics.connect({ counts: () => store.system.counts(), answers: () => origin.answers() })
  store.onEvents((events) => metrics.observe(events))
  const halt = halter(origin, gateway, running, sweep)
  try {
    place.url = await origin.listen(c.host, c.port)
  } catch (error) {
    // The engine runs already; what it found running goes on without it.
    await halt({ endTasks: false })
    throw error
  }
  writeServerFile(c.dataDirectory, { url: place.url, ephemeral: c.ephemeral })
  return {
    url: place.url,
    configuration: c,
    banner: () => bannerOf(c, place.url, faces, running),
    async stop(options) {
      removeServerFile(c.dataDirectory)
      await halt(options)
      await closeGround(ground)
    },
  }
}

/** A log store that cannot be told is only late: what it missed it finds at its next start. */
function writerNews(logs: SegmentLogStore, log: Pino): WriterNews {
  const late = (writer: string) => (error: unknown) =>
    log.warn({ writer, error: String(error) }, 'a log could not be taken up')
  return {
    frames: (notice) => logs.noticed(notice),
    connected: (writer) => void logs.writerConnected(writer).catch(late(writer)),
    ended: (writer) => void logs.writerEnded(writer).catch(late(writer)),
    problem: (error) => log.warn({ error: String(error) }, 'an executor met a problem'),
  }
}

const engineLogger = (log: Pino): { info: Log; warn: Log; error: Log } => ({
  info: (facts, message) => log.info(facts, message),
  warn: (facts, message) => log.warn(facts, message),
  error: (facts, message) => log.error(facts, message),
})

type Log = (facts: object, message: string) => void

/** Ends what answers and what runs; what it stands on is closed after it. */
function halter(
  origin: Origin,
  gateway: TaskGateway,
  running: RunningEngine,
  sweep: ServiceRunner,
): (options: { readonly endTasks: boolean }) => Promise<void> {
  return async (options) => {
    await gateway.close()
    await origin.close()
    await sweep.stop()
    await running.stop(options)
  }
}
