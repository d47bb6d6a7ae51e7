/**
 * The docker executor: attempts as containers of an engine with the Docker API. Owns what `RunKeeper` holds in memory; all
 * of it can be lost and made again from the engine (by label) and the journal.
 *
 * I1. An attempt's container has a name derived from the attempt's id: the engine itself refuses a second one.
 * I2. An attempt is in exactly one of: never, tombstone, running (`runs`), ended and kept (`journal.exits`), done.
 * I3. A container is removed only when its exit is in the journal, or its attempt never ran.
 * I4. While the engine is away nothing is concluded: attempts are `unknown`, and all is looked at again when it is back.
 */
import { join } from 'node:path'
import { EngineError } from '../../core/engine-error.ts'
import type { AllocationId, AttemptId, Tenant } from '../../core/identity.ts'
import type {
  Capabilities,
  ExecRequest,
  ExecSession,
  Executor,
  Observation,
  Place,
  Seen,
  Stats,
  Work,
} from '../../core/ports/executor.ts'
import type { LogNotice, LogWriter } from '../../core/ports/log-store.ts'
import type { StopHow } from '../../core/step-spec.ts'
import { ObservationBox } from '../observation-box.ts'
import { capabilitiesOf } from './capabilities.ts'
import { ContainerEngine } from './container-engine.ts'
import { ContainerNames } from './container-names.ts'
import { socketOf } from './engine-address.ts'
import { wordsOf } from './engine-failure.ts'
import { openExecSession } from './exec-session.ts'
import { ImageStore } from './image-store.ts'
import { instanceIn } from './instance.ts'
import { Journal } from './journal.ts'
import { LimitKeeping } from './limit-keeping.ts'
import { LogOutlet, type StoredLog } from './log-outlet.ts'
import { Places } from './places.ts'
import { PrivateImages } from './private-images.ts'
import type { PullLimits } from './pull-limit.ts'
import { RunKeeper } from './run-keeper.ts'
import { type ServerOffer, ServerReach } from './server-reach.ts'
import { statsOf } from './stats.ts'

export interface DockerExecutorOptions {
  /** As DOCKER_HOST: `unix:///var/run/docker.sock`, `tcp://host:port`. */
  readonly engine: string
  /** Journal and identity lie below it. */
  readonly dataDirectory: string
  readonly logs: LogWriter
  /** What an earlier server has stored of an attempt's log. Its writers must be known to be dead. */
  readonly storedLog?: StoredLog
  /** New log frames are readable. */
  readonly onLog?: (notice: LogNotice) => void
  /** Host directories that steps may mount from. */
  readonly allowedBinds?: readonly string[]
  /** Privileged containers, devices and dangerous capabilities. Default: refused. */
  readonly allowPrivileged?: boolean
  /** Host address that published ports listen on. Default: loopback. */
  readonly publishAddress?: string
  /** What containers may reach of the server. Absent: nothing. */
  readonly server?: ServerOffer
  readonly pull?: Partial<PullLimits>
  /** How long `ready` waits for an engine, ms. */
  readonly patienceMs?: number
  /** Something went wrong that no caller waits for. */
  readonly onProblem?: (error: unknown) => void
}

const DEFAULT_PULL: PullLimits = { timeoutMs: 30 * 60_000, silenceMs: 2 * 60_000 }
const PATIENCE_MS = 5_000

/** Before an engine has answered: nothing is promised. */
const NOT_YET: Capabilities = {
  images: true,
  exec: true,
  stats: true,
  health: true,
  enforcement: {
    filesystem: 'enforced',
    memory: 'none',
    cpu: 'none',
    pids: 'none',
    disk: 'none',
    network: 'enforced',
    user: 'enforced',
  },
  networks: ['private', 'host', 'none'],
  remarks: ['The container engine has not answered yet.'],
}

export class DockerExecutor implements Executor {
  readonly kind = 'docker'
  /** By which its containers are labelled. */
  readonly instance: string
  capabilities: Capabilities = NOT_YET
  readonly #options: DockerExecutorOptions
  readonly #engine: ContainerEngine
  readonly #journal: Journal
  readonly #box = new ObservationBox()
  readonly #outlet: LogOutlet
  readonly #places: Places
  readonly #keeper: RunKeeper
  readonly #limits: LimitKeeping
  readonly #isNew: boolean
  readonly #life = new AbortController()

  constructor(options: DockerExecutorOptions) {
    const directory = join(options.dataDirectory, 'docker')
    const { instance, isNew } = instanceIn(directory)
    const names = new ContainerNames(instance)
    this.#options = options
    this.instance = instance
    this.#isNew = isNew
    this.#engine = new ContainerEngine(options.engine, this.#life.signal)
    this.#journal = new Journal(join(directory, 'journal'))
    this.#outlet = new LogOutlet(options.logs, options.onLog ?? (() => {}), options.storedLog ?? (() => undefined))
    this.#places = new Places(this.#engine, names)
    this.#limits = new LimitKeeping(options.engine, instance, directory)
    this.#keeper = new RunKeeper({
      engine: this.#engine,
      names,
      journal: this.#journal,
      box: this.#box,
      outlet: this.#outlet,
      places: this.#places,
      reach: new ServerReach(this.#places, options.server),
      images: new ImageStore(
        this.#engine,
        { ...DEFAULT_PULL, ...options.pull },
        new PrivateImages(join(directory, 'private-images')),
      ),
      policy: {
        allowedBinds: options.allowedBinds ?? [],
        dataDirectory: options.dataDirectory,
        socket: socketOf(options.engine),
        allowPrivileged: options.allowPrivileged === true,
      },
      publishAddress: options.publishAddress ?? '127.0.0.1',
      life: this.#life.signal,
      problem: (error) => options.onProblem?.(error),
      limited: () => this.#limits.ensure(),
      here: (facts) => {
        this.capabilities = capabilitiesOf(facts, options.engine)
      },
    })
  }

  async ready(): Promise<void> {
    this.#keeper.begin()
    const patienceMs = this.#options.patienceMs ?? PATIENCE_MS
    if (await this.#keeper.untilHere(patienceMs)) return
    // Attempts of an earlier server may run there: they are not given up because the engine is away now.
    if (!this.#isNew) return
    this.abandon()
    throw new Error(`no container engine answers at ${this.#options.engine}: ${this.#keeper.awayWords ?? 'no answer'}`)
  }

  async open(_place: Place): Promise<void> {
    // Volumes and networks are made by the first attempt that needs them.
  }

  async start(attempt: AttemptId, work: Work): Promise<void> {
    if (!this.#keeper.here) throw new Error(`the container engine is away: ${this.#keeper.awayWords ?? 'no answer'}`)
    await this.#keeper.start(attempt, work)
  }

  stop(attempt: AttemptId, how: StopHow): Promise<void> {
    return this.#keeper.stop(attempt, how)
  }

  async inspect(attempts: readonly AttemptId[]): Promise<ReadonlyMap<AttemptId, Seen>> {
    return new Map(attempts.map((attempt) => [attempt, this.#keeper.see(attempt)]))
  }

  observations(signal: AbortSignal): AsyncIterable<readonly Observation[]> {
    return this.#box.read(signal)
  }

  async ack(observed: readonly Observation[]): Promise<void> {
    for (const observation of observed) {
      const kept = this.#box.ack(observation.receipt)
      if (kept && observation.kind === 'exited') this.#journal.finish(observation.attempt)
    }
  }

  async removeShared(tenant: Tenant, source: string): Promise<void> {
    if (!this.#keeper.here)
      throw new EngineError('unavailable', 'the container engine does not answer', { subject: 'executor' })
    await this.#places.removeShared(tenant, source)
  }

  async close(allocation: AllocationId): Promise<void> {
    await this.#keeper.killIn(allocation)
    await this.#places.close(allocation)
  }

  async exec(attempt: AttemptId, request: ExecRequest): Promise<ExecSession> {
    return openExecSession(this.#engine, this.#runningName(attempt), request)
  }

  async stats(attempt: AttemptId): Promise<Stats | undefined> {
    const run = this.#keeper.running(attempt)
    return run === undefined ? undefined : statsOf(await this.#engine.stats(run.name))
  }

  async endAll(): Promise<void> {
    await this.#keeper.killAll()
    // An engine that is away keeps what it has; the next server with this data directory finds it by label.
    if (this.#keeper.here) await this.#places.closeAll()
    this.#outlet.close(true)
    this.#keeper.unwatch()
    this.#limits.end()
  }

  async detach(): Promise<void> {
    this.#outlet.close(true)
    this.abandon()
    await this.#keeper.settled()
  }

  /** For tests of crashes: vanishes without a word, as `kill -9` of the server would. */
  abandon(): void {
    this.#life.abort()
    this.#outlet.close(false)
    this.#keeper.abandon()
    this.#journal.close()
  }

  #runningName(attempt: AttemptId): string {
    const run = this.#keeper.running(attempt)
    if (run === undefined)
      throw new EngineError('conflict', `attempt ${attempt} does not run`, { subject: 'attempt', id: attempt })
    return run.name
  }
}

/** Whether an engine with the Docker API answers; the reason when none does. */
export async function probeEngine(address: string): Promise<string | undefined> {
  try {
    await new ContainerEngine(address).ping()
    return undefined
  } catch (error) {
    return wordsOf(error)
  }
}
