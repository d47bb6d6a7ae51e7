/**
 * A whole engine on virtual time, a store in memory and scripted programs, for tests of single services. The engine can
 * be killed and booted again; store, programs and time stay.
 */
import type { Principal } from '../../src/core/identity.ts'
import { asTenant } from '../../src/core/identity.ts'
import type { Alarms } from '../../src/core/ports/clock.ts'
import type { Change } from '../../src/core/ports/store.ts'
import type { Vault } from '../../src/core/ports/vault.ts'
import type { StepSpec } from '../../src/core/step-spec.ts'
import { DEFAULT_STOP } from '../../src/core/step-spec.ts'
import type { Context, EngineDefaults } from '../../src/engine/context.ts'
import { DEFAULTS } from '../../src/engine/context.ts'
import type { RunningEngine } from '../../src/engine/create-engine.ts'
import { createEngine } from '../../src/engine/create-engine.ts'
import { ExecutorSet } from '../../src/engine/executor-set.ts'
import type { Reactor } from '../../src/engine/reactor.ts'
import type { TickedService } from '../../src/engine/ticked-service.ts'
import { ServiceRunner } from '../../src/engine/ticked-service.ts'
import { ScriptedExecutor } from '../../src/executors/scripted/scripted-executor.ts'
import { ScriptedWorld } from '../../src/executors/scripted/scripted-world.ts'
import { MemoryLogStore } from '../../src/logs/memory-log-store.ts'
import type { CommitFate } from '../../src/store/memory/memory-store.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { FakeTime, settled } from './fake-time.ts'
import { countingIds, seededChance } from './seeded.ts'

export const TENANT = asTenant('acme')
export const PRINCIPAL: Principal = { id: 'ann', kind: 'user', tenant: TENANT, face: 'native', grants: [] }

const MACHINE = {
  name: 'one',
  capacity: { cpuUnits: 4096, memoryBytes: 4096, portRange: [40_000, 40_100], reservedPorts: [], slots: 100 },
  attributes: {},
} as const

/** Seals by naming the purpose, so that a value moved elsewhere does not open. */
export const plainVault: Vault = {
  seal: (purpose, plain) => `${purpose}|${plain}`,
  open(purpose, sealed) {
    if (!sealed.startsWith(`${purpose}|`)) throw new Error(`not sealed for ${purpose}`)
    return sealed.slice(purpose.length + 1)
  },
  derive: (purpose) => new TextEncoder().encode(purpose.padEnd(32, '.').slice(-32)),
}

export class EngineWorld {
  readonly time: FakeTime
  readonly store: MemoryStore
  readonly programs: ScriptedWorld
  readonly warnings: string[] = []
  /** What becomes of a commit; `apply` unless a test says otherwise. */
  fate: (changes: readonly Change[]) => CommitFate = () => 'apply'
  #ids = countingIds()
  #life = 0
  #running!: RunningEngine
  #runners: ServiceRunner[] = []
  readonly #defaults: EngineDefaults

  readonly #reactors: readonly Reactor[]

  constructor(start?: number, defaults: Partial<EngineDefaults> = {}, reactors: readonly Reactor[] = []) {
    this.#reactors = reactors
    this.time = new FakeTime(start)
    this.programs = new ScriptedWorld(this.time, this.time)
    this.store = new MemoryStore({ beforeCommit: (changes) => this.fate(changes) })
    this.#defaults = { ...DEFAULTS, ...defaults }
  }

  get engine(): RunningEngine['engine'] {
    return this.#running.engine
  }

  get context(): Context {
    return this.#running.context
  }

  async boot(): Promise<void> {
    const note = (_: object, message: string): void => void this.warnings.push(message)
    this.#running = createEngine({
      store: this.store,
      logs: new MemoryLogStore({ now: () => this.time.now() * 1000 }),
      executors: new ExecutorSet([new ScriptedExecutor(this.programs)]),
      clock: this.time,
      alarms: this.#alarmsOfThisLife(),
      ids: this.#ids,
      chance: seededChance(1),
      secrets: { resolve: async () => undefined },
      vault: plainVault,
      reactors: this.#reactors,
      deliver: async () => ({ status: 200 }),
      formats: new Map(),
      defaults: this.#defaults,
      logger: { info: () => undefined, warn: note, error: note },
    })
    await this.#running.start(MACHINE, { services: false })
  }

  /** Runs a service until the engine is killed. */
  run(service: TickedService): ServiceRunner {
    const runner = new ServiceRunner(this.context, service)
    this.#runners.push(runner)
    runner.start()
    return runner
  }

  /** The server dies: whatever it meant to do next does not happen. */
  async kill(): Promise<void> {
    this.#life++
    this.context.transitions.end()
    for (const runner of this.#runners.splice(0)) void runner.stop()
    await this.#running.stop({ endTasks: false }).catch(() => undefined)
    await settled()
  }

  #alarmsOfThisLife(): Alarms {
    const life = this.#life
    return {
      at: (instant, ring) =>
        this.time.at(instant, () => {
          if (this.#life === life) ring()
        }),
    }
  }
}

/** A plan of one step whose program follows the script. */
export const planOf = (...script: readonly string[]): { readonly steps: readonly StepSpec[] } => ({
  steps: [
    {
      name: 'main',
      group: 0,
      conditions: [],
      essential: true,
      endsExecution: 'never',
      resources: {},
      stop: DEFAULT_STOP,
      work: { kind: 'run', argv: ['program', ...script], env: {} },
    },
  ],
})
