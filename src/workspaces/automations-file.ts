/**
 * An automations file, read strictly: an unknown key is a mistake, and every mistake has a line and a column. JSON is
 * YAML and is read by the same reader.
 */
import type { Node, Pair, YAMLMap } from 'yaml'
import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import type { TriggerName } from './automations-keys.ts'
import {
  COMMAND_KEYS,
  EXTENSION,
  EXTENSION_KEYS,
  FILE_KEYS,
  REFERENCE,
  RETRY_KEYS,
  ROLES,
  SERVICE_KEYS,
  TASK_KEYS,
  TRIGGERS,
} from './automations-keys.ts'
import { durationMsOf } from './duration.ts'

export interface AutomationsFile {
  readonly services: readonly FileService[]
  readonly tasks: readonly FileTask[]
}

interface FileItem {
  readonly reference: string
  readonly name: string
  readonly description?: string
  readonly triggeredBy: readonly TriggerName[]
  readonly runsOn?: FileRunsOn
}

export type FileRunsOn =
  | { readonly kind: 'docker'; readonly image: string; readonly environment: readonly string[] }
  | { readonly kind: 'machine' }

export interface FileTask extends FileItem {
  readonly command: string
  /** References. */
  readonly dependsOn: readonly string[]
  readonly prebuildRequiresSuccess: boolean
  readonly extension?: TaskExtension
}

export interface FileService extends FileItem {
  readonly role: (typeof ROLES)[number]
  readonly start: string
  readonly ready?: string
  readonly stop?: string
  readonly readinessTimeoutMs?: number
}

/** What the file's vendor has no word for. */
export interface TaskExtension {
  readonly timeoutMs?: number
  readonly retry?: { readonly limit: number; readonly delayMs?: number; readonly exitCodes?: readonly number[] }
  /** Of other steps when one has failed: end the running group, stop them, or go on with what can go on. */
  readonly onFailure?: 'finish-group' | 'fail-fast' | 'run-all'
  readonly env?: Readonly<Record<string, string>>
}

/** Where and what. Lines and columns count from 1. */
export class AutomationsProblem extends Error {
  readonly line: number
  readonly column: number
  constructor(line: number, column: number, message: string) {
    super(`line ${line}, column ${column}: ${message}`)
    this.name = 'AutomationsProblem'
    this.line = line
    this.column = column
  }
}

/** Throws AutomationsProblem at the first mistake. */
export function readAutomations(text: string): AutomationsFile {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, maxAliasCount: 100 } as object)
  const [error] = document.errors
  const at = new Places(lines)
  if (error) throw at.problem(error.pos[0], error.message)
  if (document.contents === null) return { services: [], tasks: [] }
  return new Reader(at).file(document.contents as Node)
}

class Places {
  readonly #lines: LineCounter
  constructor(lines: LineCounter) {
    this.#lines = lines
  }
  problem(offset: number, message: string): AutomationsProblem {
    const { line, col } = this.#lines.linePos(offset)
    return new AutomationsProblem(Math.max(1, line), Math.max(1, col), message)
  }
  of(node: unknown, message: string): AutomationsProblem {
    const range = (node as { readonly range?: readonly number[] | null } | null)?.range
    return this.problem(range?.[0] ?? 0, message)
  }
}

class Reader {
  readonly #at: Places
  constructor(at: Places) {
    this.#at = at
  }

  file(node: Node): AutomationsFile {
    const map = this.#map(node, 'the file', FILE_KEYS)
    const services = this.#items(map, 'services').map(([reference, n, key]) => this.#service(reference, n, key))
    const names = new Set(services.map((s) => s.reference))
    const tasks = this.#items(map, 'tasks').map(([reference, n, key]) => {
      if (names.has(reference)) throw this.#at.of(key, `a service and a task are both called ${reference}`)
      return this.#task(reference, n, key)
    })
    return { services, tasks }
  }

  #items(map: YAMLMap, key: string): readonly [string, Node, Node][] {
    const node = map.get(key, true) as Node | undefined
    if (isNothing(node)) return []
    return this.#map(node!, key).items.map((pair) => {
      const [reference, value] = [String(scalarOf(pair.key)), pair.value as Node]
      if (!REFERENCE.test(reference))
        throw this.#at.of(
          pair.key,
          `${JSON.stringify(reference)} is no reference: letters, digits, _ and -, at most 128`,
        )
      return [reference, value, pair.key as Node]
    })
  }

  #task(reference: string, node: Node, key: Node): FileTask {
    const map = this.#map(node ?? key, `task ${reference}`, [...TASK_KEYS, EXTENSION])
    return {
      ...this.#item(reference, map),
      command: this.#required(map, 'command', `task ${reference}`),
      dependsOn: this.#texts(map, 'dependsOn'),
      prebuildRequiresSuccess: this.#flag(map, 'prebuildRequiresSuccess'),
      ...present('extension', this.#extension(map)),
    }
  }

  #service(reference: string, node: Node, key: Node): FileService {
    const map = this.#map(node ?? key, `service ${reference}`, SERVICE_KEYS)
    const commandsNode = map.get('commands', true) as Node | undefined
    if (isNothing(commandsNode)) throw this.#at.of(key, `service ${reference} has no commands`)
    const commands = this.#map(commandsNode!, 'commands', COMMAND_KEYS)
    return {
      ...this.#item(reference, map),
      role: this.#oneOf(map, 'role', ROLES) ?? '',
      start: this.#required(commands, 'start', `service ${reference}`),
      ...present('ready', this.#text(commands, 'ready')),
      ...present('stop', this.#text(commands, 'stop')),
      ...present('readinessTimeoutMs', this.#duration(map, 'readinessTimeout')),
    }
  }

  /** A snippet of the vendor's documentation leaves `name` out: then it is the reference. */
  #item(reference: string, map: YAMLMap): FileItem {
    return {
      reference,
      name: this.#text(map, 'name') ?? reference,
      ...present('description', this.#text(map, 'description')),
      triggeredBy: this.#triggers(map),
      ...present('runsOn', this.#runsOn(map)),
    }
  }

  #triggers(map: YAMLMap): readonly TriggerName[] {
    const node = map.get('triggeredBy', true) as Node | undefined
    if (isNothing(node)) return []
    return this.#list(node!, 'triggeredBy').map((item) => {
      const name = scalarOf(item)
      if (!TRIGGERS.includes(name as TriggerName))
        throw this.#at.of(item, `${JSON.stringify(name)} is no trigger; there are ${TRIGGERS.join(', ')}`)
      return name as TriggerName
    })
  }

  #runsOn(map: YAMLMap): FileRunsOn | undefined {
    const node = map.get('runsOn', true) as Node | undefined
    if (isNothing(node)) return undefined
    const runsOn = this.#map(node!, 'runsOn', ['docker', 'machine'])
    const docker = runsOn.get('docker', true) as Node | undefined
    if (isNothing(docker)) return runsOn.has('machine') ? { kind: 'machine' } : undefined
    if (runsOn.has('machine')) throw this.#at.of(node, 'runsOn is either docker or machine')
    const inside = this.#map(docker!, 'docker', ['image', 'environment'])
    return {
      kind: 'docker',
      image: this.#required(inside, 'image', 'docker'),
      environment: this.#texts(inside, 'environment'),
    }
  }

  #extension(map: YAMLMap): TaskExtension | undefined {
    const node = map.get(EXTENSION, true) as Node | undefined
    if (isNothing(node)) return undefined
    const own = this.#map(node!, EXTENSION, EXTENSION_KEYS)
    return {
      ...present('timeoutMs', this.#duration(own, 'timeout')),
      ...present('retry', this.#retry(own)),
      ...present('onFailure', this.#oneOf(own, 'onFailure', ['finish-group', 'fail-fast', 'run-all'] as const)),
      ...present('env', this.#env(own)),
    }
  }

  #retry(map: YAMLMap): TaskExtension['retry'] {
    const node = map.get('retry', true) as Node | undefined
    if (isNothing(node)) return undefined
    if (isScalar(node)) return { limit: this.#whole(node) }
    const retry = this.#map(node!, 'retry', RETRY_KEYS)
    const codes = retry.get('exitCodes', true) as Node | undefined
    return {
      limit: this.#whole(retry.get('limit', true) as Node),
      ...present('delayMs', this.#duration(retry, 'delay')),
      ...(isNothing(codes) ? {} : { exitCodes: this.#list(codes!, 'exitCodes').map((c) => this.#whole(c)) }),
    }
  }

  #env(map: YAMLMap): Readonly<Record<string, string>> | undefined {
    const node = map.get('env', true) as Node | undefined
    if (isNothing(node)) return undefined
    const pairs = this.#map(node!, 'env').items as Pair<Node, Node>[]
    return Object.fromEntries(pairs.map((pair) => [String(scalarOf(pair.key)), String(scalarOf(pair.value) ?? '')]))
  }

  #map(node: Node, what: string, keys?: readonly string[]): YAMLMap {
    if (!isMap(node)) throw this.#at.of(node, `${what} must be a mapping`)
    for (const pair of node.items) {
      const key = String(scalarOf(pair.key))
      if (keys && !keys.includes(key))
        throw this.#at.of(pair.key, `${what} has no field ${JSON.stringify(key)}; there are ${keys.join(', ')}`)
    }
    return node
  }

  #list(node: Node, what: string): readonly Node[] {
    if (!isSeq(node)) throw this.#at.of(node, `${what} must be a list`)
    return node.items as Node[]
  }

  #texts(map: YAMLMap, key: string): readonly string[] {
    const node = map.get(key, true) as Node | undefined
    if (isNothing(node)) return []
    return this.#list(node!, key).map((item) => this.#textOf(item, key))
  }

  #required(map: YAMLMap, key: string, what: string): string {
    const text = this.#text(map, key)
    if (text === undefined || text === '') throw this.#at.of(map, `${what} has no ${key}`)
    return text
  }

  #text(map: YAMLMap, key: string): string | undefined {
    const node = map.get(key, true) as Node | undefined
    return isNothing(node) ? undefined : this.#textOf(node!, key)
  }

  #textOf(node: Node, what: string): string {
    const value = scalarOf(node)
    if (typeof value === 'string') return value
    if (typeof value === 'number' || typeof value === 'boolean') return String(value)
    throw this.#at.of(node, `${what} must be a text`)
  }

  #flag(map: YAMLMap, key: string): boolean {
    const node = map.get(key, true) as Node | undefined
    if (isNothing(node)) return false
    const value = scalarOf(node)
    if (typeof value !== 'boolean') throw this.#at.of(node, `${key} must be true or false`)
    return value
  }

  #whole(node: Node): number {
    const value = scalarOf(node)
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0)
      throw this.#at.of(node, 'a whole number is needed here')
    return value
  }

  #oneOf<Choice extends string>(map: YAMLMap, key: string, choices: readonly Choice[]): Choice | undefined {
    const text = this.#text(map, key)
    if (text === undefined) return undefined
    if (!choices.includes(text as Choice))
      throw this.#at.of(map.get(key, true), `${key} is one of ${choices.filter((c) => c !== '').join(', ')}`)
    return text as Choice
  }

  #duration(map: YAMLMap, key: string): number | undefined {
    const text = this.#text(map, key)
    if (text === undefined) return undefined
    const ms = durationMsOf(text)
    if (ms === undefined) throw this.#at.of(map.get(key, true), `${key} must be a duration such as 90s or 5m`)
    return ms
  }
}

const isNothing = (node: Node | undefined): boolean =>
  node === undefined || node === null || (isScalar(node) && node.value === null)

const scalarOf = (node: unknown): unknown => (isScalar(node) ? node.value : undefined)

function present<Key extends string, Value>(key: Key, value: Value | undefined): { readonly [K in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [K in Key]: Value })
}
