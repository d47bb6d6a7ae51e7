import { EngineError } from '../core/engine-error.ts'
import type { Executor } from '../core/ports/executor.ts'
import type { StepSpec } from '../core/step-spec.ts'

/** The executors there are, and the rule which one may run a step. */
export class ExecutorSet {
  readonly #byKind: ReadonlyMap<string, Executor>
  /** `auto`, or the kind that runs everything. */
  readonly #mode: string
  #ready: Promise<unknown> | undefined

  constructor(executors: readonly Executor[], mode = 'auto') {
    this.#byKind = new Map(executors.map((e) => [e.kind, e]))
    this.#mode = mode
  }

  /** All are connected to what runs already. Begun by whoever asks first. */
  async ready(): Promise<void> {
    this.#ready ??= Promise.all([...this.all()].map((e) => e.ready()))
    await this.#ready
  }

  get kinds(): readonly string[] {
    return [...this.#byKind.keys()]
  }

  all(): Iterable<Executor> {
    return this.#byKind.values()
  }

  get(kind: string): Executor {
    const found = this.#byKind.get(kind)
    if (!found)
      throw new EngineError('unavailable', `there is no executor ${kind} here`, { subject: 'executor', id: kind })
    return found
  }

  find(kind: string): Executor | undefined {
    return this.#byKind.get(kind)
  }

  /** Kinds that may run a step, best first: what it asks for; else, with an image, those that run images; else the others. */
  kindsFor(spec: StepSpec): readonly string[] {
    if (spec.work.kind !== 'run') return []
    if (spec.work.executor !== undefined) return [spec.work.executor]
    if (this.#mode !== 'auto') return [this.#mode]
    const image = spec.work.image !== undefined
    const able = [...this.#byKind.values()].filter((e) => e.capabilities.images === image).map((e) => e.kind)
    return able.length > 0 ? able : this.kinds
  }
}
