/**
 * A whole server on a free port for tests of faces: real engine, real time, real HTTP; a store and logs in memory and
 * scripted programs (see `src/executors/scripted/script.ts` for what their arguments mean).
 */

import { randomBytes } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AttemptId, Tenant } from '../../src/core/identity.ts'
import { asTenant } from '../../src/core/identity.ts'
import { DEFAULTS } from '../../src/engine/context.ts'
import type { RunningEngine } from '../../src/engine/create-engine.ts'
import { createEngine } from '../../src/engine/create-engine.ts'
import { ExecutorSet } from '../../src/engine/executor-set.ts'
import { storedSecrets } from '../../src/engine/secrets.ts'
import { ScriptedExecutor } from '../../src/executors/scripted/scripted-executor.ts'
import { ScriptedWorld } from '../../src/executors/scripted/scripted-world.ts'
import { CredentialTable } from '../../src/faces/kit/credential-table.ts'
import type { Face, FaceContext } from '../../src/faces/kit/face.ts'
import { Links } from '../../src/faces/kit/links.ts'
import type { Origin } from '../../src/faces/kit/origin.ts'
import { openOrigin } from '../../src/faces/kit/origin.ts'
import { Metrics } from '../../src/faces/native/metrics.ts'
import { nativeFace } from '../../src/faces/native/native-face.ts'
import { TASK_TOKEN_PURPOSE, TaskTokens } from '../../src/faces/native/task-token.ts'
import { MemoryLogStore } from '../../src/logs/memory-log-store.ts'
import { FileObjectStore } from '../../src/objects/file-object-store.ts'
import { builtInProgram } from '../../src/server/built-in-program.ts'
import { faceDirectory } from '../../src/server/data-directory.ts'
import { vaultOf } from '../../src/server/vault.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { countingIds, seededChance } from './seeded.ts'

export interface FaceWorld {
  readonly url: string
  readonly origin: Origin
  readonly running: RunningEngine
  readonly credentials: CredentialTable
  readonly programs: ScriptedWorld
  /** What the face logged as the server's own fault. */
  readonly faults: readonly unknown[]
  /** The operator's token of the native face. */
  readonly operator: string
  token(tenant: string): Promise<string>
  /** What a running attempt would have been given. */
  taskToken(tenant: string, attempt: string): string
  close(): Promise<void>
}

const MACHINE = {
  name: 'one',
  capacity: {
    cpuUnits: 4_096,
    memoryBytes: 4 * 1024 ** 3,
    portRange: [40_000, 40_100] as const,
    reservedPorts: [],
    slots: 1_000,
  },
  attributes: { zone: 'a' },
}

/** `more` makes further faces from the same context. */
export async function openFaceWorld(
  options: { readonly ephemeral?: boolean; readonly more?: (context: FaceContext) => readonly Face[] } = {},
): Promise<FaceWorld> {
  const clock = { now: () => Date.now() }
  const alarms = {
    at(instant: number, ring: () => void) {
      const timer = setTimeout(ring, Math.min(Math.max(0, instant - Date.now()), 2 ** 31 - 1))
      return { cancel: () => clearTimeout(timer) }
    },
  }
  const store = new MemoryStore()
  const logs = new MemoryLogStore({ now: () => Date.now() * 1_000 })
  const programs = new ScriptedWorld(clock, alarms, logs.writer)
  const vault = vaultOf(randomBytes(32))
  const faults: unknown[] = []
  const log = { info: () => undefined, warn: () => undefined, error: (facts: object) => void faults.push(facts) }
  const running = createEngine({
    store,
    logs,
    executors: new ExecutorSet([new ScriptedExecutor(programs)]),
    clock,
    alarms,
    ids: countingIds(),
    chance: seededChance(1),
    secrets: storedSecrets(store, vault),
    vault,
    reactors: [],

    deliver: async () => ({ status: 200 }),
    formats: new Map(),
    defaults: DEFAULTS,
    logger: log,
  })
  await running.start(MACHINE)
  const credentials = new CredentialTable(store, clock.now, vault)
  const metrics = new Metrics()
  store.onEvents((events) => metrics.observe(events))
  const files = mkdtempSync(join(tmpdir(), 'taskport-face-world-'))
  const context: FaceContext = {
    objects: await FileObjectStore.open(join(files, 'objects')),
    directoryOf: (face) => faceDirectory(files, face),
    program: builtInProgram,
    engine: running.engine,
    credentials,
    publicUrl: () => origin.address(),
    links: (request) => new Links({ listening: () => origin.address() }).base(request.headers.host),
    log,
    auth: 'dev',
    deriveKey: (purpose) => vault.derive(purpose),
    vault,
  }
  const more = options.more?.(context) ?? []
  const native = nativeFace(context, {
    version: '0.0.0-test',
    ephemeral: options.ephemeral ?? false,
    faces: () => ['native', ...more.map((face) => face.name)],
    executors: () => [...running.context.executors.all()],
    ready: () => true,
    metrics,
  })
  const origin = await openOrigin({ faces: [native, ...more], fallback: 'native' })
  metrics.connect({ counts: () => store.system.counts(), answers: () => origin.answers() })
  const url = await origin.listen('127.0.0.1', 0)
  return {
    url,
    origin,
    running,
    credentials,
    programs,
    faults,
    operator: (await credentials.firstStart('native')).secret,
    token: async (tenant) => (await mint(credentials, asTenant(tenant))).secret,
    taskToken: (tenant, attempt) =>
      new TaskTokens(vault.derive(TASK_TOKEN_PURPOSE)).mint(asTenant(tenant), attempt as AttemptId),
    close: async () => {
      await origin.close()
      await running.stop({ endTasks: true })
      await store.close()
    },
  }
}

const mint = (credentials: CredentialTable, tenant: Tenant) =>
  credentials.mint({ face: 'native', tenant, kind: 'hashed', principal: 'ann' })
