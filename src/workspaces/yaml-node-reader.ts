/** Reads the nodes of a YAML document strictly: whatever is not as it must be is a problem with its line and column. */
import type { Document, LineCounter, Node } from 'yaml'
import { isAlias, isMap, isScalar, isSeq, Pair, YAMLMap } from 'yaml'
import { durationMsOf } from './duration.ts'

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

export class Places {
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

const MERGE = '<<'
/** Merges of merges; deeper ones go in a circle. And all in all, or a small file could mean endless work. */
const DEEPEST_MERGE = 10
const MOST_MERGES = 1_000

export class NodeReader {
  readonly at: Places
  readonly #document: Document
  #merges = 0
  constructor(at: Places, document: Document) {
    this.at = at
    this.#document = document
  }

  /** With references followed and merges (`<<`) made. */
  map(given: Node, what: string, keys?: readonly string[]): YAMLMap {
    const node = this.#followed(given)
    if (!isMap(node)) throw this.at.of(given, `${what} must be a mapping`)
    const map = new YAMLMap()
    map.range = node.range ?? null
    map.items = this.#pairsOf(node, what, DEEPEST_MERGE)
    for (const pair of map.items) {
      const key = String(scalarOf(pair.key))
      if (keys && !keys.includes(key))
        throw this.at.of(pair.key, `${what} has no field ${JSON.stringify(key)}; there are ${keys.join(', ')}`)
    }
    return map
  }

  /** Own keys go before merged ones, earlier merged ones before later. */
  #pairsOf(node: YAMLMap, what: string, depth: number): Pair<Node, Node>[] {
    const pairs = node.items as Pair<Node, Node>[]
    const own = pairs.filter(({ key }) => scalarOf(key) !== MERGE)
    const found = new Map(own.map(({ key, value }) => [String(scalarOf(key)), new Pair(key, this.#value(value))]))
    for (const { key, value } of pairs)
      if (scalarOf(key) === MERGE)
        for (const pair of this.#mergedBy(value, what, depth)) {
          const name = String(scalarOf(pair.key))
          if (!found.has(name)) found.set(name, pair)
        }
    return [...found.values()]
  }

  #mergedBy(value: Node | null, what: string, depth: number): readonly Pair<Node, Node>[] {
    if (++this.#merges > MOST_MERGES) throw this.at.of(value, 'too many merges')
    const target = this.#value(value)
    const maps = isSeq(target) ? (target.items as Node[]).map((item) => this.#followed(item)) : [target]
    return maps.flatMap((map) => {
      if (!isMap(map) || depth === 0) throw this.at.of(value, `${what}: only mappings can be merged`)
      return this.#pairsOf(map, what, depth - 1)
    })
  }

  #value(value: Node | null): Node {
    return value === null ? (null as unknown as Node) : this.#followed(value)
  }

  #followed(node: Node): Node {
    if (!isAlias(node)) return node
    const target = node.resolve(this.#document)
    if (!target) throw this.at.of(node, `there is no &${node.source}`)
    return target
  }

  list(given: Node, what: string): readonly Node[] {
    const node = this.#followed(given)
    if (!isSeq(node)) throw this.at.of(given, `${what} must be a list`)
    return (node.items as Node[]).map((item) => this.#followed(item))
  }

  texts(map: YAMLMap, key: string): readonly string[] {
    const node = map.get(key, true) as Node | undefined
    if (isNothing(node)) return []
    return this.list(node!, key).map((item) => this.textOf(item, key))
  }

  required(map: YAMLMap, key: string, what: string): string {
    const text = this.text(map, key)
    if (text === undefined || text === '') throw this.at.of(map, `${what} has no ${key}`)
    return text
  }

  text(map: YAMLMap, key: string): string | undefined {
    const node = map.get(key, true) as Node | undefined
    return isNothing(node) ? undefined : this.textOf(node!, key)
  }

  textOf(node: Node, what: string): string {
    const value = scalarOf(node)
    if (typeof value === 'string') return value
    if (typeof value === 'number' || typeof value === 'boolean') return String(value)
    throw this.at.of(node, `${what} must be a text`)
  }

  flag(map: YAMLMap, key: string): boolean {
    const node = map.get(key, true) as Node | undefined
    if (isNothing(node)) return false
    const value = scalarOf(node)
    if (typeof value !== 'boolean') throw this.at.of(node, `${key} must be true or false`)
    return value
  }

  whole(node: Node): number {
    const value = scalarOf(node)
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0)
      throw this.at.of(node, 'a whole number is needed here')
    return value
  }

  oneOf<Choice extends string>(map: YAMLMap, key: string, choices: readonly Choice[]): Choice | undefined {
    const text = this.text(map, key)
    if (text === undefined) return undefined
    if (!choices.includes(text as Choice))
      throw this.at.of(map.get(key, true), `${key} is one of ${choices.filter((c) => c !== '').join(', ')}`)
    return text as Choice
  }

  duration(map: YAMLMap, key: string): number | undefined {
    const text = this.text(map, key)
    if (text === undefined) return undefined
    const ms = durationMsOf(text)
    if (ms === undefined) throw this.at.of(map.get(key, true), `${key} must be a duration such as 90s or 5m`)
    return ms
  }
}

export const isNothing = (node: Node | undefined): boolean =>
  node === undefined || node === null || (isScalar(node) && node.value === null)

export const scalarOf = (node: unknown): unknown => (isScalar(node) ? node.value : undefined)

export function present<Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): { readonly [K in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [K in Key]: Value })
}
