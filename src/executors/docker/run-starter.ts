import type { Work } from '../../core/ports/executor.ts'
import type { Reason } from '../../core/reason.ts'
import { reason } from '../../core/reason.ts'
import { type CheckPolicy, refusalOf } from './check-work.ts'
import type { ContainerEngine } from './container-engine.ts'
import type { ContainerNames } from './container-names.ts'
import { containerOptionsOf } from './container-options.ts'
import type { ContainerRun } from './container-run.ts'
import { containerSpecOf, hasReadOnlyRoot } from './container-spec.ts'
import { isAway, statusOf, wordsOf } from './engine-failure.ts'
import { WORKSPACE } from './environment.ts'
import { Gate } from './gate.ts'
import type { ImageFacts, ImageStore } from './image-store.ts'
import { mountsOf } from './mounts.ts'
import type { PlaceNetwork, Places } from './places.ts'
import type { ServerReach } from './server-reach.ts'
import { isShortage, startProblem } from './start-problem.ts'
import { type TarEntry, writeTar } from './tar.ts'

export interface StarterParts {
  readonly engine: ContainerEngine
  readonly names: ContainerNames
  readonly images: ImageStore
  readonly places: Places
  readonly reach: ServerReach
  readonly policy: CheckPolicy
  readonly publishAddress: string
  readonly pulling: (run: ContainerRun, progress?: Parameters<Parameters<ImageStore['resolve']>[1]>[0]) => void
}

export type StartAnswer = { readonly started: ImageFacts } | { readonly refusal: Reason }

const STOPPED: StartAnswer = { refusal: reason('stopped_by_user', 'it was stopped before it started') }

/** More at once make an engine slower, not faster: it starts some six a second. */
const STARTS_AT_ONCE = 8

/**
 * Makes a container of a step and starts it. May be begun again at any point, by this server or the next: names are
 * derived, so what exists is found and either taken over, when it ever ran, or made anew.
 */
export class RunStarter {
  readonly #parts: StarterParts
  readonly #gate = new Gate(STARTS_AT_ONCE)

  constructor(parts: StarterParts) {
    this.#parts = parts
  }

  /** Rejects when no engine answers, or it has no room for another network now. */
  async start(run: ContainerRun, work: Work): Promise<StartAnswer> {
    try {
      return await this.#start(run, work)
    } catch (error) {
      if (isAway(error) || isShortage(error)) throw error
      await this.#parts.engine.remove(run.name)
      return { refusal: startProblem(error, work) }
    }
  }

  async #start(run: ContainerRun, work: Work): Promise<StartAnswer> {
    const { images, policy } = this.#parts
    const refusal = refusalOf(work, policy)
    if (refusal !== undefined) return { refusal }
    const resolved = images.resolve(work, (progress) => this.#parts.pulling(run, progress))
    const image = await Promise.race([resolved, run.halted])
    if (image === undefined || run.stopping !== undefined) return STOPPED
    if ('code' in image) return { refusal: image }
    run.terms = {
      ...run.terms,
      ...(image.digest && { imageDigest: image.digest }),
      ...(image.stopSignal && { imageStop: image.stopSignal }),
    }
    return this.#gate.pass(() => this.#launch(run, work, image))
  }

  async #launch(run: ContainerRun, work: Work, image: ImageFacts): Promise<StartAnswer> {
    const { engine, places, reach } = this.#parts
    const [network] = await Promise.all([places.network(work), places.volumes(work)])
    const problem = await this.#create(run, await reach.told(work, network), network)
    if (problem === 'runs') return { started: image }
    if (problem !== undefined) return { refusal: problem }
    await this.#fill(run, work, image)
    if (run.stopping !== undefined) {
      await engine.remove(run.name)
      return STOPPED
    }
    await engine.start(run.name)
    return { started: image }
  }

  /** Copies in what must be there before the start. */
  async #fill(run: ContainerRun, work: Work, image: ImageFacts): Promise<void> {
    const { engine } = this.#parts
    const workspace = workspaceEntry(work, image)
    const files = literalFiles(work)
    if (workspace !== undefined && hasReadOnlyRoot(work)) await this.#openWorkspace(run, work, workspace)
    else if (workspace !== undefined) files.unshift(workspace)
    if (files.length > 0) await engine.upload(run.name, writeTar(files), '/')
  }

  /** Nothing can be copied beside the volumes of a read-only container: one that never starts is used for it. */
  async #openWorkspace(run: ContainerRun, work: Work, workspace: TarEntry): Promise<void> {
    const { engine, names } = this.#parts
    const helper = `${run.name}.workspace`
    const mounts = mountsOf(work, names).filter(({ Target }) => Target === WORKSPACE)
    const labels = names.labelsOf(work.place.allocation)
    await engine.remove(helper)
    await engine.create(helper, { Image: work.run.image!, Cmd: ['-'], Labels: labels, HostConfig: { Mounts: mounts } })
    await engine.upload(helper, writeTar([workspace]), '/')
    await engine.remove(helper)
  }

  /** `runs`: it exists and has been started before; it is taken over. */
  async #create(run: ContainerRun, work: Work, network: PlaceNetwork): Promise<Reason | 'runs' | undefined> {
    const { engine, names, publishAddress, policy } = this.#parts
    const options = containerOptionsOf(work.run.container, policy.allowPrivileged)
    if ('code' in options) return options
    const context = { names, network: network.name, ownNetwork: network.own, publishAddress, options }
    const spec = containerSpecOf(run.attempt, work, run.terms, context)
    try {
      await engine.create(run.name, spec)
    } catch (error) {
      if (!isNameTaken(error)) throw error
      const known = await engine.find(run.name)
      if (known !== undefined && known.State.Status !== 'created') return 'runs'
      await engine.remove(run.name)
      await engine.create(run.name, spec)
    }
    return undefined
  }
}

/** Docker answers 409; Podman 4.3 answers 500 with these words. */
const isNameTaken = (error: unknown): boolean =>
  /already in use/i.test(wordsOf(error)) && [409, 500].includes(statusOf(error) ?? 0)

/** Undefined where the workspace is as it should be: a new volume is root's. */
function workspaceEntry(work: Work, image: ImageFacts): TarEntry | undefined {
  const user = work.run.user ?? image.user
  const isRoot = user === '' || /^(0|root)(:|$)/.test(user)
  const frozen = work.run.sandbox?.writable === 'none'
  return isRoot || frozen ? undefined : { path: `${WORKSPACE.slice(1)}/`, mode: 0o777 }
}

function literalFiles(work: Work): TarEntry[] {
  return (work.run.mounts ?? [])
    .filter(({ kind }) => kind === 'file')
    .map(({ target, content }) => ({
      path: target.replace(/^\/+/, ''),
      mode: 0o444,
      content: Buffer.from(content ?? ''),
    }))
}
