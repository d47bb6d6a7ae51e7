/**
 * An automations file, read strictly: an unknown key is a mistake, and every mistake has a line and a column. JSON is
 * YAML and is read by the same reader.
 */
import type { Document, Node, YAMLMap } from 'yaml'
import { LineCounter, parseDocument } from 'yaml'
import { readExtension, type TaskExtension } from './automations-extension.ts'
import type { TriggerName } from './automations-keys.ts'
import {
  COMMAND_KEYS,
  EXTENSION,
  FILE_KEYS,
  LONGEST_READINESS_MS,
  REFERENCE,
  ROLES,
  SERVICE_KEYS,
  TASK_KEYS,
  TRIGGERS,
} from './automations-keys.ts'
import { commandProblem } from './shell.ts'
import { isNothing, NodeReader, Places, present, scalarOf } from './yaml-node-reader.ts'

export { AutomationsProblem } from './yaml-node-reader.ts'

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

/** Throws AutomationsProblem at the first mistake. */
export function readAutomations(text: string): AutomationsFile {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, maxAliasCount: 100 } as object)
  const [error] = document.errors
  const at = new Places(lines)
  if (error) throw at.problem(error.pos[0], error.message)
  if (document.contents === null) return { services: [], tasks: [] }
  return new Reader(new NodeReader(at, document as Document)).file(document.contents as Node)
}

class Reader {
  readonly #read: NodeReader
  constructor(read: NodeReader) {
    this.#read = read
  }

  file(node: Node): AutomationsFile {
    const map = this.#read.map(node, 'the file', FILE_KEYS)
    const services = this.#items(map, 'services').map(([reference, n, key]) => this.#service(reference, n, key))
    const names = new Set(services.map((s) => s.reference))
    const tasks = this.#items(map, 'tasks').map(([reference, n, key]) => {
      if (names.has(reference)) throw this.#read.at.of(key, `a service and a task are both called ${reference}`)
      return this.#task(reference, n, key)
    })
    return { services, tasks }
  }

  #items(map: YAMLMap, key: string): readonly [string, Node, Node][] {
    const node = map.get(key, true) as Node | undefined
    if (isNothing(node)) return []
    return this.#read.map(node!, key).items.map((pair) => {
      const [reference, value] = [String(scalarOf(pair.key)), pair.value as Node]
      if (!REFERENCE.test(reference))
        throw this.#read.at.of(
          pair.key,
          `${JSON.stringify(reference)} is no reference: letters, digits, _ and -, at most 128`,
        )
      return [reference, value, pair.key as Node]
    })
  }

  #task(reference: string, node: Node, key: Node): FileTask {
    const map = this.#read.map(node ?? key, `task ${reference}`, [...TASK_KEYS, EXTENSION])
    const item = this.#item(reference, map)
    const extension = readExtension(this.#read, map)
    const contradiction = extension && contradictionIn(item, extension)
    if (contradiction !== undefined)
      throw this.#read.at.of(map.get(EXTENSION, true), `task ${reference} ${contradiction}`)
    return {
      ...item,
      command: this.#command(map, 'command', `task ${reference}`) ?? '',
      dependsOn: this.#read.texts(map, 'dependsOn'),
      prebuildRequiresSuccess: this.#read.flag(map, 'prebuildRequiresSuccess'),
      ...present('extension', extension),
    }
  }

  #service(reference: string, node: Node, key: Node): FileService {
    const map = this.#read.map(node ?? key, `service ${reference}`, SERVICE_KEYS)
    const commandsNode = map.get('commands', true) as Node | undefined
    if (isNothing(commandsNode)) throw this.#read.at.of(key, `service ${reference} has no commands`)
    const commands = this.#read.map(commandsNode!, 'commands', COMMAND_KEYS)
    return {
      ...this.#item(reference, map),
      role: this.#read.oneOf(map, 'role', ROLES) ?? '',
      start: this.#command(commands, 'start', `service ${reference}`) ?? '',
      ...present('ready', this.#command(commands, 'ready')),
      ...present('stop', this.#command(commands, 'stop')),
      ...present('readinessTimeoutMs', this.#readiness(map)),
    }
  }

  /** With `requiredBy` it must be there. */
  #command(map: YAMLMap, key: string, requiredBy?: string): string | undefined {
    const command = requiredBy === undefined ? this.#read.text(map, key) : this.#read.required(map, key, requiredBy)
    const problem = command === undefined ? undefined : commandProblem(command)
    if (problem !== undefined) throw this.#read.at.of(map.get(key, true), `${key}: ${problem}`)
    return command
  }

  /** Zero is no limit. */
  #readiness(map: YAMLMap): number | undefined {
    const ms = this.#read.duration(map, 'readinessTimeout')
    if (ms !== undefined && ms > LONGEST_READINESS_MS)
      throw this.#read.at.of(map.get('readinessTimeout', true), 'readinessTimeout is at most 24h')
    return ms === 0 ? undefined : ms
  }

  /** A snippet of the vendor's documentation leaves `name` out: then it is the reference. */
  #item(reference: string, map: YAMLMap): FileItem {
    return {
      reference,
      name: this.#read.text(map, 'name') ?? reference,
      ...present('description', this.#read.text(map, 'description')),
      triggeredBy: this.#triggers(map),
      ...present('runsOn', this.#runsOn(map)),
    }
  }

  #triggers(map: YAMLMap): readonly TriggerName[] {
    const node = map.get('triggeredBy', true) as Node | undefined
    if (isNothing(node)) return []
    return this.#read.list(node!, 'triggeredBy').map((item) => {
      const name = scalarOf(item)
      if (!TRIGGERS.includes(name as TriggerName))
        throw this.#read.at.of(item, `${JSON.stringify(name)} is no trigger; there are ${TRIGGERS.join(', ')}`)
      return name as TriggerName
    })
  }

  #runsOn(map: YAMLMap): FileRunsOn | undefined {
    const node = map.get('runsOn', true) as Node | undefined
    if (isNothing(node)) return undefined
    const runsOn = this.#read.map(node!, 'runsOn', ['docker', 'machine'])
    const docker = runsOn.get('docker', true) as Node | undefined
    if (isNothing(docker)) return runsOn.has('machine') ? { kind: 'machine' } : undefined
    if (runsOn.has('machine')) throw this.#read.at.of(node, 'runsOn is either docker or machine')
    const inside = this.#read.map(docker!, 'docker', ['image', 'environment'])
    return {
      kind: 'docker',
      image: this.#read.required(inside, 'image', 'docker'),
      environment: this.#read.texts(inside, 'environment'),
    }
  }
}

/** What a task cannot be at once; undefined when all is well. */
function contradictionIn({ triggeredBy, runsOn }: FileItem, { inputs, changed }: TaskExtension): string | undefined {
  const open = Object.entries(inputs ?? {}).find(([, input]) => input.default === undefined)?.[0]
  const trigger = triggeredBy.find((name) => name !== 'manual')
  if (open !== undefined && trigger !== undefined)
    return `starts by itself (${trigger}), so its input ${open} needs a default`
  if (changed && runsOn?.kind === 'docker') return 'runs in an image, where changed files cannot be looked at'
  return undefined
}
