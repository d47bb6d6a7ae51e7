import type { Readable } from 'node:stream'
import type { ImageInspectInfo } from 'dockerode'
import type { Progress } from '../../core/execution.ts'
import type { Instant } from '../../core/instant.ts'
import type { Work } from '../../core/ports/executor.ts'
import { type Reason, reason } from '../../core/reason.ts'
import type { ContainerEngine } from './container-engine.ts'
import { isAway, statusOf, wordsOf } from './engine-failure.ts'
import type { PrivateImages } from './private-images.ts'
import { PullLimit, type PullLimits } from './pull-limit.ts'
import { PullProgress } from './pull-progress.ts'

/** What a start needs to know of an image. */
export interface ImageFacts {
  readonly digest?: string
  readonly user: string
  readonly stopSignal?: string
  /** Set when it was pulled for this start. */
  readonly pulledAt?: Instant
}

interface Pull {
  readonly done: Promise<Reason | undefined>
  readonly listeners: Set<(progress: Progress) => void>
}

/** Makes images present, as their steps want it. Steps that want the same at once share a pull. */
export class ImageStore {
  readonly #engine: ContainerEngine
  readonly #limits: PullLimits
  readonly #private: PrivateImages
  readonly #pulls = new Map<string, Pull>()

  constructor(engine: ContainerEngine, limits: PullLimits, privateImages: PrivateImages) {
    this.#engine = engine
    this.#limits = limits
    this.#private = privateImages
  }

  /** The image, or why there is none. `pulling` is told that a pull began, and how far it is. Rejects when no engine answers. */
  async resolve(work: Work, pulling: (progress?: Progress) => void): Promise<ImageFacts | Reason> {
    const image = work.run.image!
    const policy = work.run.pull ?? 'missing'
    const present = policy === 'always' ? undefined : await this.#engine.findImage(image)
    const isOurs = present !== undefined && this.#private.admits(work.place.tenant, image, present.Id)
    if (isOurs) return factsOf(image, present)
    if (policy === 'never')
      return reason('image_missing', `the image ${image} is not here and its pull policy is never`, { image })
    pulling()
    return work.registryCredential === undefined ? this.#pullForAll(work, pulling) : this.#pullForOne(work, pulling)
  }

  async #pullForAll(work: Work, listener: (progress: Progress) => void): Promise<ImageFacts | Reason> {
    const image = work.run.image!
    const pulled = await this.#pulled(work, listener)
    if ('code' in pulled) return pulled
    this.#private.open(image, pulled.Id)
    return { ...factsOf(image, pulled), pulledAt: Date.now() }
  }

  async #pullForOne(work: Work, listener: (progress: Progress) => void): Promise<ImageFacts | Reason> {
    const image = work.run.image!
    const before = await this.#engine.imageIds()
    this.#private.begin(image)
    const pulled = await this.#pulled(work, listener)
    if ('code' in pulled) {
      this.#private.fail(image)
      return pulled
    }
    this.#private.own(work.place.tenant, image, pulled.Id, !before.has(pulled.Id))
    return { ...factsOf(image, pulled), pulledAt: Date.now() }
  }

  async #pulled(work: Work, listener: (progress: Progress) => void): Promise<ImageInspectInfo | Reason> {
    const image = work.run.image!
    const problem = await this.#pull(image, work.registryCredential, listener)
    if (problem !== undefined) return problem
    const pulled = await this.#engine.findImage(image)
    if (pulled === undefined) return reason('image_missing', `the image ${image} was pulled but is not here`, { image })
    return (await this.#unproven(work, pulled.Id)) ?? pulled
  }

  /** A pull by digest asks no registry for what the engine has (Docker 20.10): then it is asked by itself. */
  async #unproven({ place, run, registryCredential }: Work, id: string): Promise<Reason | undefined> {
    const image = run.image!
    if (!image.includes('@') || !this.#private.isOthers(place.tenant, id)) return undefined
    try {
      await this.#engine.askRegistry(image, loginOf(image, registryCredential))
      return undefined
    } catch (error) {
      if (isAway(error)) throw error
      return pullProblem(image, wordsOf(error))
    }
  }

  async #pull(
    image: string,
    credential: Work['registryCredential'],
    listener: (progress: Progress) => void,
  ): Promise<Reason | undefined> {
    const key = JSON.stringify([image, credential?.username, credential?.password])
    const pull = this.#pulls.get(key) ?? this.#begin(key, image, credential)
    pull.listeners.add(listener)
    try {
      return await pull.done
    } finally {
      pull.listeners.delete(listener)
    }
  }

  #begin(key: string, image: string, credential: Work['registryCredential']): Pull {
    const listeners = new Set<(progress: Progress) => void>()
    const tell = (progress: Progress): void => {
      for (const listener of listeners) listener(progress)
    }
    const done = this.#run(image, credential, tell).finally(() => this.#pulls.delete(key))
    const pull = { done, listeners }
    this.#pulls.set(key, pull)
    return pull
  }

  async #run(
    image: string,
    credential: Work['registryCredential'],
    tell: (progress: Progress) => void,
  ): Promise<Reason | undefined> {
    const limit = new PullLimit(this.#limits)
    try {
      const stream = await this.#engine.pull(image, loginOf(image, credential), limit.signal)
      const words = await followPull(stream, limit, new PullProgress(tell))
      return words === undefined ? undefined : pullProblem(image, words)
    } catch (error) {
      if (limit.broken !== undefined) return pullProblem(image, limit.broken)
      if (isAway(error)) throw error
      return pullProblem(image, wordsOf(error), statusOf(error))
    } finally {
      limit.end()
    }
  }
}

/** The engine's words for what went wrong; undefined when the image is there. */
async function followPull(stream: Readable, limit: PullLimit, progress: PullProgress): Promise<string | undefined> {
  let rest = ''
  let problem: string | undefined
  for await (const chunk of stream) {
    limit.heard()
    const lines = (rest + String(chunk)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) problem = progress.hear(line) ?? problem
  }
  return progress.hear(rest) ?? problem
}

const ABSENT = /not found|manifest unknown|does not exist|no such image|name unknown/i

function pullProblem(image: string, words: string, status?: number): Reason {
  const code = ABSENT.test(words) || status === 404 ? 'image_missing' : 'image_pull_failed'
  return reason(code, `the image ${image} could not be pulled: ${words}`, { image, engine: words })
}

const loginOf = (image: string, credential: Work['registryCredential']) =>
  credential && { ...credential, serveraddress: registryOf(image) }

/** The registry's name in an image's (Docker: the part before the first slash, when it can be a host). */
function registryOf(image: string): string {
  const first = image.split('/')[0]!
  const isHost = image.includes('/') && (/[.:]/.test(first) || first === 'localhost')
  return isHost ? first : 'https://index.docker.io/v1/'
}

function factsOf(name: string, image: ImageInspectInfo): ImageFacts {
  const digests = image.RepoDigests ?? []
  const repository = name.replace(/@.*$/, '').replace(/:[^/]*$/, '')
  const digest = (digests.find((one) => one.startsWith(`${repository}@`)) ?? digests[0])?.split('@')[1] ?? image.Id
  const stopSignal = (image.Config as { StopSignal?: string } | undefined)?.StopSignal
  return { digest, user: image.Config?.User ?? '', ...(stopSignal ? { stopSignal: signalNameOf(stopSignal) } : {}) }
}

const signalNameOf = (signal: string): string =>
  /^[A-Z]/.test(signal) && !signal.startsWith('SIG') ? `SIG${signal}` : signal
