/**
 * The engine's API as the executor uses it; the only file that knows the client library. Each call is one request (or one
 * stream) and rejects with the engine's error, to be read by `engine-failure.ts`.
 */
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import type { ContainerCreateOptions, ContainerInfo, ContainerInspectInfo, ImageInspectInfo } from 'dockerode'
import Docker from 'dockerode'
import { engineOptionsOf } from './engine-address.ts'
import { statusOf, wordsOf } from './engine-failure.ts'

export interface EngineFacts {
  readonly version: string
  readonly podman: boolean
  readonly rootless: boolean
  readonly memoryLimit: boolean
  readonly cpuLimit: boolean
  readonly pidsLimit: boolean
  readonly cgroupVersion: string
}

/** Something happened to a container of ours. */
export interface EngineEvent {
  /** `start`, `die`, `oom`, `health_status: healthy` … */
  readonly action: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

type Labels = Readonly<Record<string, string>>

const filtersOf = (labels: Labels): { label: string[] } => ({
  label: Object.entries(labels).map(([name, value]) => `${name}=${value}`),
})

export class ContainerEngine {
  readonly address: string
  readonly #client: Docker
  readonly #life: AbortSignal | undefined

  /** After `life` is aborted nothing is asked any more. Throws when the address is of no known kind. */
  constructor(address: string, life?: AbortSignal) {
    this.address = address
    this.#client = new Docker(engineOptionsOf(address))
    this.#life = life
  }

  get #docker(): Docker {
    this.#life?.throwIfAborted()
    return this.#client
  }

  async facts(): Promise<EngineFacts> {
    const [info, version] = await Promise.all([this.#docker.info(), this.#docker.version()])
    const components = ((version as { Components?: { Name: string }[] }).Components ?? []).map(({ Name }) => Name)
    const options = (info.SecurityOptions ?? []) as string[]
    return {
      version: version.Version,
      podman: components.some((name) => /podman/i.test(name)),
      rootless: options.some((option) => option.includes('rootless')) || info.Rootless === true,
      memoryLimit: info.MemoryLimit === true,
      cpuLimit: info.CPUCfsQuota === true || info.CpuCfsQuota === true,
      pidsLimit: info.PidsLimit === true,
      cgroupVersion: String(info.CgroupVersion ?? '1'),
    }
  }

  async ping(): Promise<void> {
    await this.#docker.ping()
  }

  async create(name: string, options: ContainerCreateOptions): Promise<void> {
    await this.#docker.createContainer({ ...options, name })
  }

  async start(name: string): Promise<void> {
    await this.#docker.getContainer(name).start()
  }

  inspect(name: string): Promise<ContainerInspectInfo> {
    return this.#docker.getContainer(name).inspect()
  }

  /** Undefined when there is no such container. */
  async find(name: string): Promise<ContainerInspectInfo | undefined> {
    return absentIfMissing(this.inspect(name))
  }

  list(labels: Labels): Promise<ContainerInfo[]> {
    return this.#docker.listContainers({ all: true, filters: filtersOf(labels) })
  }

  async signal(name: string, signal: string): Promise<void> {
    await this.#docker.getContainer(name).kill({ signal })
  }

  /** Kills and removes, with its anonymous volumes. Fine when it is gone already. */
  async remove(name: string): Promise<void> {
    const remove = () => goneIsFine(this.#docker.getContainer(name).remove({ force: true, v: true }))
    await remove().catch((error: unknown) => {
      // Podman, when what it kills ends at that very moment.
      if (!/no such process/.test(wordsOf(error))) throw error
      return remove()
    })
  }

  /** Messages with timestamps, from a second on; follows, and ends with the container. */
  async logs(name: string, sinceSeconds: number, signal: AbortSignal): Promise<Readable> {
    const options = { stdout: true, stderr: true, timestamps: true, follow: true, since: sinceSeconds } as const
    const stream = await this.#docker.getContainer(name).logs({ ...options, abortSignal: signal })
    return stream as unknown as Readable
  }

  async events(labels: Labels, signal: AbortSignal): Promise<Readable> {
    const filters = { type: ['container' as const], ...filtersOf(labels) }
    return (await this.#docker.getEvents({ filters, abortSignal: signal })) as unknown as Readable
  }

  /** A tar archive, unpacked below `path` inside a container. */
  async upload(name: string, archive: Buffer, path: string): Promise<void> {
    await this.#docker.getContainer(name).putArchive(archive, { path })
  }

  /** A tar archive of one path inside a container; undefined when there is nothing. */
  async download(name: string, path: string): Promise<Readable | undefined> {
    return absentIfMissing(this.#docker.getContainer(name).getArchive({ path }) as unknown as Promise<Readable>)
  }

  /** Size and time of change of one path inside a container, as a text that changes with them; undefined when there is nothing. */
  async versionOf(name: string, path: string): Promise<string | undefined> {
    const answer = await absentIfMissing(this.#docker.getContainer(name).infoArchive({ path }))
    const said = answer as unknown as IncomingMessage | undefined
    // Nothing follows, but unread it would hold its connection, and with that the process.
    said?.resume()
    return said?.headers['x-docker-container-path-stat'] as string | undefined
  }

  async stats(name: string): Promise<Docker.ContainerStats> {
    return this.#docker.getContainer(name).stats({ stream: false, 'one-shot': true })
  }

  findImage(image: string): Promise<ImageInspectInfo | undefined> {
    return absentIfMissing(this.#docker.getImage(image).inspect())
  }

  /** Rejects when the image's registry does not show it to whoever has this credential (Podman: always). */
  async askRegistry(image: string, credential: Docker.AuthConfig | undefined): Promise<void> {
    await this.#docker.getImage(image).distribution({ ...(credential && { authconfig: credential }) })
  }

  async imageIds(): Promise<ReadonlySet<string>> {
    return new Set((await this.#docker.listImages()).map(({ Id }) => Id))
  }

  /** Pull messages as the engine says them, one JSON object each. */
  async pull(image: string, credential: Docker.AuthConfig | undefined, signal: AbortSignal): Promise<Readable> {
    const options = { abortSignal: signal, ...(credential && { authconfig: credential }) }
    return (await this.#docker.pull(image, options)) as unknown as Readable
  }

  async createNetwork(name: string, labels: Labels, options: Labels): Promise<void> {
    await existingIsFine(
      this.#docker.createNetwork({
        Name: name,
        Driver: 'bridge',
        CheckDuplicate: true,
        Labels: labels,
        Options: options,
      }),
    )
  }

  async networks(labels: Labels): Promise<readonly string[]> {
    return (await this.#docker.listNetworks({ filters: filtersOf(labels) })).map(({ Name }) => Name)
  }

  /** The address that a network has on the engine's machine. */
  async gatewayOf(name: string): Promise<string> {
    const { IPAM } = await this.#docker.getNetwork(name).inspect()
    const gateway = IPAM?.Config?.[0]?.Gateway
    if (!gateway) throw new Error(`the network ${name} has no gateway`)
    return gateway.split('/')[0]!
  }

  async removeNetwork(name: string): Promise<void> {
    await goneIsFine(this.#docker.getNetwork(name).remove())
  }

  async createVolume(name: string, labels: Labels): Promise<void> {
    await existingIsFine(this.#docker.createVolume({ Name: name, Labels: labels }))
  }

  async volumes(labels: Labels): Promise<readonly string[]> {
    const { Volumes } = await this.#docker.listVolumes({ filters: filtersOf(labels) })
    return (Volumes ?? []).map(({ Name }) => Name)
  }

  async labelledVolumes(labels: Labels): Promise<readonly { readonly name: string; readonly labels: Labels }[]> {
    const { Volumes } = await this.#docker.listVolumes({ filters: filtersOf(labels) })
    return (Volumes ?? []).map(({ Name, Labels: found }) => ({ name: Name, labels: found ?? {} }))
  }

  async removeVolume(name: string): Promise<void> {
    await goneIsFine(this.#docker.getVolume(name).remove())
  }

  exec(name: string, options: Docker.ExecCreateOptions): Promise<Docker.Exec> {
    return this.#docker.getContainer(name).exec(options)
  }
}

async function absentIfMissing<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request
  } catch (error) {
    if (statusOf(error) === 404) return undefined
    throw error
  }
}

/** 404: gone; Podman says 500. 409 "removal … is already in progress": somebody else does it. */
async function goneIsFine(request: Promise<unknown>): Promise<void> {
  try {
    await request
  } catch (error) {
    const status = statusOf(error)
    if (status !== 404 && !(status === 409 && /already in progress/.test(String(error))) && !isUnknown(error))
      throw error
  }
}

const isUnknown = (error: unknown): boolean =>
  statusOf(error) === 500 && /no such (container|volume|network)/.test(wordsOf(error))

async function existingIsFine(request: Promise<unknown>): Promise<void> {
  try {
    await request
  } catch (error) {
    if (statusOf(error) !== 409) throw error
  }
}
