/**
 * A whole engine in virtual time: scripted executor, a store in memory that crashes, lost and repeated news. The server
 * can be killed and started again at any moment; the store and the scripted world stay.
 */

import type { Execution } from '../../src/core/execution.ts'
import { isFinal } from '../../src/core/execution.ts'
import type { Principal } from '../../src/core/identity.ts'
import { asTenant } from '../../src/core/identity.ts'
import type { Chance } from '../../src/core/ports/clock.ts'
import type { Change } from '../../src/core/ports/store.ts'
import { DEFAULTS } from '../../src/engine/context.ts'
import type { RunningEngine } from '../../src/engine/create-engine.ts'
import { createEngine } from '../../src/engine/create-engine.ts'
import { ExecutorSet } from '../../src/engine/executor-set.ts'
import { ScriptedExecutor } from '../../src/executors/scripted/scripted-executor.ts'
import { ScriptedWorld } from '../../src/executors/scripted/scripted-world.ts'
import { MemoryLogStore } from '../../src/logs/memory-log-store.ts'
import type { CommitFate } from '../../src/store/memory/memory-store.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { FakeTime, settled } from '../support/fake-time.ts'
import { countingIds, seededChance } from '../support/seeded.ts'

export const TENANT = asTenant('sim')
export const PRINCIPAL: Principal = { id: 'sim', kind: 'user', tenant: TENANT, face: 'native', grants: [] }

const MACHINE = {
  name: 'sim-node',
  capacity: { cpuUnits: 2048, memoryBytes: 4096, portRange: [40_000, 40_100], reservedPorts: ['tcp/22'], slots: 8 },
  attributes: { zone: 'a' },
} as const

/** Far more than any simulation needs: one that goes on for ever ends, and fails. */
const MOST_STEPS = 100_000

const SILENT = { info: () => {}, warn: () => {}, error: () => {} }

export class SimulatedWorld {
  readonly time = new FakeTime()
  readonly chance: Chance
  readonly store: MemoryStore
  readonly programs = new ScriptedWorld(this.time, this.time)
  readonly #ids = countingIds()
  /** What the next commit suffers. */
  crashRate = 0
  crashed = false
  running!: RunningEngine

  constructor(seed: number) {
    this.chance = seededChance(seed)
    this.store = new MemoryStore({ beforeCommit: (changes) => this.#fate(changes) })
  }

  get engine(): RunningEngine['engine'] {
    return this.running.engine
  }

  async boot(): Promise<void> {
    this.crashed = false
    const { time, store } = this
    this.running = createEngine({
      store,
      logs: new MemoryLogStore({ now: () => this.time.now() * 1_000 }),
      executors: new ExecutorSet([new ScriptedExecutor(this.programs)]),
      clock: time,
      alarms: this.#alarmsOfThisLife(),
      ids: this.#ids,
      chance: this.chance,
      secrets: { resolve: async (_tenant, name) => (name === 'known' ? 'value' : undefined) },
      vault: { seal: (_p, t) => t, open: (_p, t) => t, derive: () => new Uint8Array(32) },
      reactors: [],
      deliver: async () => ({ status: 200 }),
      formats: new Map(),
      defaults: DEFAULTS,
      logger: SILENT,
    })
    await this.running.start(MACHINE, { services: false })
  }

  /** The server dies between two instructions: nothing it planned happens any more. */
  async kill(): Promise<void> {
    this.#life++
    this.running.context.transitions.end()
    await this.running.stop({ endTasks: false }).catch(() => undefined)
    await settled()
  }

  /** Runs until nothing is active or nothing more can happen. */
  async drain(between: () => Promise<void> = async () => {}): Promise<void> {
    for (let steps = 0; steps < MOST_STEPS; steps++) {
      await settled()
      await between()
      if (this.running.context.roster.size > 0 && this.time.step()) continue
      // What the last step began may submit, set alarms or crash yet: that must be lived through first.
      for (let i = 0; i < 5; i++) await settled()
      if (this.crashed) continue
      if (this.running.context.roster.size === 0 || this.time.nextAt === undefined) return
    }
  }

  async all(): Promise<readonly Execution[]> {
    const page = await this.store.executions(TENANT, {}, { limit: 1_000, ascending: true })
    return page.items
  }

  async unfinished(): Promise<readonly Execution[]> {
    return (await this.all()).filter((e) => !isFinal(e))
  }

  #life = 0

  /** Alarms die with the life that set them; those of programs do not. */
  #alarmsOfThisLife(): FakeTime | { at: FakeTime['at'] } {
    const life = this.#life
    return {
      at: (instant, ring) =>
        this.time.at(instant, () => {
          if (this.#life === life) ring()
        }),
    }
  }

  #fate(_changes: readonly Change[]): CommitFate {
    if (this.crashRate === 0 || this.chance.next() >= this.crashRate) return 'apply'
    this.crashed = true
    return this.chance.next() < 0.5 ? 'drop' : 'applyThenFail'
  }
}
