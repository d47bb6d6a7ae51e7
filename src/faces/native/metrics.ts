/**
 * Prometheus metrics. Counters come from the events of the store, gauges are read when scraped. No label ever names a
 * tenant, an execution or a path: their number is bounded by the product, not by its users.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Event } from '../../core/event.ts'
import type { ExecutionState } from '../../core/execution.ts'
import { isFinalState } from '../../core/execution.ts'

/** Where gauges look when scraped. */
export interface MetricsSources {
  counts(): Promise<Readonly<Record<ExecutionState, number>>>
  /** HTTP answers by face and status so far. */
  answers(): ReadonlyMap<string, ReadonlyMap<number, number>>
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600]

export class Metrics {
  readonly #registry = new Registry()
  readonly #started = this.#counter('taskport_executions_started_total', 'Executions whose first step began.')
  readonly #finished = this.#counter('taskport_executions_finished_total', 'Executions by how they ended.', ['state'])
  readonly #retries = this.#counter('taskport_retries_total', 'Attempts and executions tried again.', ['of'])
  readonly #waits = this.#histogram('taskport_execution_wait_seconds', 'From acceptance to the first allocation.')
  readonly #commits = this.#histogram('taskport_store_commit_seconds', 'Time of a durable commit.')
  #sources: MetricsSources | undefined

  constructor() {
    collectDefaultMetrics({ register: this.#registry, prefix: 'taskport_' })
    this.#gauges()
  }

  /** Gauges are absent until there are sources. */
  connect(sources: MetricsSources): void {
    this.#sources = sources
  }

  /** For `store.onEvents`. */
  observe(events: readonly Event[]): void {
    for (const { transition, execution, at } of events)
      switch (transition.kind) {
        case 'execution.state':
          if (transition.to === 'running' && transition.from !== 'stopping') this.#started.inc()
          if (isFinalState(transition.to)) this.#finished.inc({ state: transition.to })
          break
        case 'allocation.opened':
          if (transition.epoch === 1) this.#waits.observe(Math.max(0, at - acceptedAt(execution)) / 1_000)
          break
        case 'step.retrying':
          this.#retries.inc({ of: 'step' })
          break
        case 'execution.retrying':
          this.#retries.inc({ of: 'execution' })
      }
  }

  /** The server calls it around `store.commit`. */
  committed(seconds: number): void {
    this.#commits.observe(seconds)
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  text(): Promise<string> {
    return this.#registry.metrics()
  }

  #gauges(): void {
    const sources = () => this.#sources
    const registers = [this.#registry]
    new Gauge({
      name: 'taskport_executions',
      help: 'Stored executions by state.',
      labelNames: ['state'],
      registers,
      async collect() {
        const counts = await sources()?.counts()
        for (const [state, count] of Object.entries(counts ?? {})) this.set({ state }, count)
      },
    })
    new Counter({
      name: 'taskport_http_answers_total',
      help: 'HTTP answers by face and status.',
      labelNames: ['face', 'status'],
      registers,
      collect() {
        this.reset()
        for (const [face, statuses] of sources()?.answers() ?? [])
          for (const [status, count] of statuses) this.inc({ face, status: String(status) }, count)
      },
    })
  }

  #counter(name: string, help: string, labelNames: readonly string[] = []): Counter {
    return new Counter({ name, help, labelNames: [...labelNames], registers: [this.#registry] })
  }

  #histogram(name: string, help: string): Histogram {
    return new Histogram({ name, help, buckets: SECONDS, registers: [this.#registry] })
  }
}

/** An execution's id is a UUID of version 7: its first 48 bits are the millisecond it was accepted in (RFC 9562). */
const acceptedAt = (id: string): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
