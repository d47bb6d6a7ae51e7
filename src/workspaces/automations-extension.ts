/** What Taskport adds to a task of an automations file, under `x-taskport`. */
import type { Node, Pair, YAMLMap } from 'yaml'
import { isScalar } from 'yaml'
import { EXTENSION, EXTENSION_KEYS, INPUT_KEYS, RETRY_KEYS } from './automations-keys.ts'
import { isNothing, type NodeReader, present, scalarOf } from './yaml-node-reader.ts'

/** What the file's vendor has no word for. */
export interface TaskExtension {
  readonly timeoutMs?: number
  readonly retry?: { readonly limit: number; readonly delayMs?: number; readonly exitCodes?: readonly number[] }
  /** Of other steps when one has failed: end the running group, stop them, or go on with what can go on. */
  readonly onFailure?: 'finish-group' | 'fail-fast' | 'run-all'
  readonly env?: Readonly<Record<string, string>>
  /** Values that whoever starts the task may give; its command gets them as variables. */
  readonly inputs?: Readonly<Record<string, TaskInput>>
  /** Globs in the workspace: the command runs only when a file of theirs changed since it last went well. */
  readonly changed?: readonly string[]
}

export interface TaskInput {
  readonly description?: string
  /** Absent: a value must be given. */
  readonly default?: string
  /** The only values there are; absent: any. */
  readonly options?: readonly string[]
}

/** Undefined where the task has none. Throws AutomationsProblem. */
export function readExtension(read: NodeReader, map: YAMLMap): TaskExtension | undefined {
  const node = map.get(EXTENSION, true) as Node | undefined
  if (isNothing(node)) return undefined
  const own = read.map(node!, EXTENSION, EXTENSION_KEYS)
  const changed = read.texts(own, 'changed')
  return {
    ...present('timeoutMs', read.duration(own, 'timeout')),
    ...present('retry', retryOf(read, own)),
    ...present('onFailure', read.oneOf(own, 'onFailure', ['finish-group', 'fail-fast', 'run-all'] as const)),
    ...present('env', envOf(read, own)),
    ...present('inputs', inputsOf(read, own)),
    ...(changed.length > 0 && { changed }),
  }
}

function retryOf(read: NodeReader, map: YAMLMap): TaskExtension['retry'] {
  const node = map.get('retry', true) as Node | undefined
  if (isNothing(node)) return undefined
  if (isScalar(node)) return { limit: read.whole(node) }
  const retry = read.map(node!, 'retry', RETRY_KEYS)
  const codes = retry.get('exitCodes', true) as Node | undefined
  return {
    limit: read.whole(retry.get('limit', true) as Node),
    ...present('delayMs', read.duration(retry, 'delay')),
    ...(isNothing(codes) ? {} : { exitCodes: read.list(codes!, 'exitCodes').map((c) => read.whole(c)) }),
  }
}

function envOf(read: NodeReader, map: YAMLMap): Readonly<Record<string, string>> | undefined {
  const node = map.get('env', true) as Node | undefined
  if (isNothing(node)) return undefined
  const pairs = read.map(node!, 'env').items as Pair<Node, Node>[]
  return Object.fromEntries(pairs.map((pair) => [String(scalarOf(pair.key)), String(scalarOf(pair.value) ?? '')]))
}

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/

function inputsOf(read: NodeReader, map: YAMLMap): Readonly<Record<string, TaskInput>> | undefined {
  const node = map.get('inputs', true) as Node | undefined
  if (isNothing(node)) return undefined
  const pairs = read.map(node!, 'inputs').items as Pair<Node, Node>[]
  return Object.fromEntries(pairs.map((pair) => inputOf(read, pair)))
}

function inputOf(read: NodeReader, { key, value }: Pair<Node, Node>): readonly [string, TaskInput] {
  const name = String(scalarOf(key))
  if (!VARIABLE.test(name)) throw read.at.of(key, `${JSON.stringify(name)} cannot name an input: it becomes a variable`)
  if (isNothing(value ?? undefined)) return [name, {}]
  const input = read.map(value!, `input ${name}`, INPUT_KEYS)
  const options = read.texts(input, 'options')
  const given = read.text(input, 'default')
  if (given !== undefined && options.length > 0 && !options.includes(given))
    throw read.at.of(input.get('default', true), `the default of ${name} is none of its options`)
  return [
    name,
    {
      ...present('description', read.text(input, 'description')),
      ...present('default', given),
      ...(options.length > 0 && { options }),
    },
  ]
}
