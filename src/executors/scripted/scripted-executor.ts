import type { AllocationId, AttemptId, Tenant } from '../../core/identity.ts'
import type { Capabilities, Executor, Observation, Place, Seen, Work } from '../../core/ports/executor.ts'
import type { StopHow } from '../../core/step-spec.ts'
import type { ScriptedWorld } from './scripted-world.ts'

const NOTHING_REAL = 'scripted: behaviour comes from the arguments, no program runs'

/** The connection to a scripted world: for simulation, tests and trying out a face without running anything. */
export class ScriptedExecutor implements Executor {
  readonly kind = 'scripted'
  readonly capabilities: Capabilities = {
    images: true,
    exec: false,
    stats: false,
    health: true,
    enforcement: {
      filesystem: 'none',
      memory: 'none',
      cpu: 'none',
      pids: 'none',
      disk: 'none',
      network: 'none',
      user: 'none',
    },
    networks: ['host', 'private', 'none'],
    remarks: [NOTHING_REAL],
  }
  readonly #world: ScriptedWorld

  constructor(world: ScriptedWorld) {
    this.#world = world
  }

  async ready(): Promise<void> {}

  async open(place: Place): Promise<void> {
    this.#world.open(place.allocation)
  }

  async start(attempt: AttemptId, work: Work): Promise<void> {
    this.#world.start(attempt, work)
  }

  async stop(attempt: AttemptId, how: StopHow): Promise<void> {
    this.#world.stop(attempt, how)
  }

  async inspect(attempts: readonly AttemptId[]): Promise<ReadonlyMap<AttemptId, Seen>> {
    return new Map(attempts.map((id) => [id, this.#world.inspect(id)]))
  }

  async *observations(signal: AbortSignal): AsyncIterable<readonly Observation[]> {
    const waiting: Observation[] = []
    let wake: (() => void) | undefined
    const unlisten = this.#world.listen((batch) => {
      waiting.push(...batch)
      wake?.()
    })
    const onAbort = (): void => wake?.()
    signal.addEventListener('abort', onAbort)
    try {
      while (!signal.aborted) {
        if (waiting.length > 0) yield waiting.splice(0)
        else
          await new Promise<void>((resolve) => {
            wake = resolve
          })
      }
    } finally {
      signal.removeEventListener('abort', onAbort)
      unlisten()
    }
  }

  async ack(observed: readonly Observation[]): Promise<void> {
    this.#world.ack(observed)
  }

  async close(allocation: AllocationId): Promise<void> {
    this.#world.close(allocation)
  }

  async removeShared(tenant: Tenant, source: string): Promise<void> {
    this.#world.removed.push(`${tenant}/${source}`)
  }

  async endAll(): Promise<void> {
    this.#world.endAll()
  }

  async detach(): Promise<void> {}
}
