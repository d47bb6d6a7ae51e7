/**
 * AWS's own service models, read at test time from an installed botocore (pip's or Debian's): never copied into this
 * repository. Validates replies against them and makes malformed requests from them.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'

interface ModelShape {
  readonly type: 'structure' | 'list' | 'map' | 'string' | 'integer' | 'long' | 'boolean' | 'timestamp' | 'double'
  readonly members?: Readonly<Record<string, { readonly shape: string }>>
  readonly required?: readonly string[]
  readonly member?: { readonly shape: string }
  readonly value?: { readonly shape: string }
  readonly enum?: readonly string[]
}

interface ModelDocument {
  readonly metadata: { readonly targetPrefix: string }
  readonly operations: Readonly<
    Record<
      string,
      {
        readonly input?: { readonly shape: string }
        readonly output?: { readonly shape: string }
        readonly errors?: readonly { readonly shape: string }[]
      }
    >
  >
  readonly shapes: Readonly<Record<string, ModelShape>>
}

const SERVICES = { ecs: 'ecs/2014-11-13', logs: 'logs/2014-03-28' } as const

/** By scripts/service-model.mjs. */
const FETCHED = fileURLToPath(new URL('../../node_modules/.cache/taskport/botocore/botocore/data', import.meta.url))

/** Where a botocore that is new enough keeps its models; undefined where there is none. */
export function botocoreData(): string | undefined {
  return [FETCHED, pythonsBotocore(), '/usr/lib/python3/dist-packages/botocore/data'].find(
    (data) => data !== undefined && existsSync(data) && isCurrent(data),
  )
}

function pythonsBotocore(): string | undefined {
  try {
    const code = 'import botocore, os; print(os.path.join(os.path.dirname(botocore.__file__), "data"))'
    return execFileSync('python3', ['-c', code], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return undefined
  }
}

/** Debian's is of 2022 and knows too little: what AWS has added since would count as unknown to the vendor. */
const isCurrent = (data: string): boolean => new ServiceModel('ecs', data).operations.includes('DescribeDaemon')

export class ServiceModel {
  readonly document: ModelDocument

  constructor(service: keyof typeof SERVICES, data: string) {
    const path = `${data}/${SERVICES[service]}/service-2.json`
    const text = existsSync(path) ? readFileSync(path) : gunzipSync(readFileSync(`${path}.gz`))
    this.document = JSON.parse(text.toString()) as ModelDocument
  }

  get prefix(): string {
    return this.document.metadata.targetPrefix
  }

  get operations(): readonly string[] {
    return Object.keys(this.document.operations)
  }

  /** Names of the error types that an operation may answer with. */
  errorsOf(operation: string): readonly string[] {
    return (this.document.operations[operation]?.errors ?? []).map((e) => e.shape)
  }

  inputOf(operation: string): ModelShape | undefined {
    const name = this.document.operations[operation]?.input?.shape
    return name === undefined ? undefined : this.document.shapes[name]
  }

  shape(name: string): ModelShape {
    const found = this.document.shapes[name]
    if (!found) throw new Error(`the model has no shape ${name}`)
    return found
  }

  /** What in a reply the model does not allow: unknown keys, wrong types, values outside an enumeration. */
  problemsOf(operation: string, reply: unknown): readonly string[] {
    const output = this.document.operations[operation]?.output?.shape
    return output === undefined ? [] : this.#check(reply, output, operation)
  }

  #check(value: unknown, name: string, path: string): readonly string[] {
    const shape = this.shape(name)
    switch (shape.type) {
      case 'structure':
        return this.#checkStructure(value, shape, path)
      case 'list':
        if (!Array.isArray(value)) return [`${path}: not a list`]
        return value.flatMap((item, i) => this.#check(item, shape.member!.shape, `${path}[${i}]`))
      case 'map':
        if (typeof value !== 'object' || value === null) return [`${path}: not a map`]
        return Object.entries(value).flatMap(([k, v]) => this.#check(v, shape.value!.shape, `${path}.${k}`))
      case 'string':
        if (typeof value !== 'string') return [`${path}: ${JSON.stringify(value)} is not a string`]
        return shape.enum && !shape.enum.includes(value)
          ? [`${path}: ${value} is none of ${shape.enum.join(', ')}`]
          : []
      case 'integer':
      case 'long':
        return Number.isInteger(value) ? [] : [`${path}: ${JSON.stringify(value)} is not a whole number`]
      case 'double':
      case 'timestamp':
        return typeof value === 'number' ? [] : [`${path}: ${JSON.stringify(value)} is not a number`]
      case 'boolean':
        return typeof value === 'boolean' ? [] : [`${path}: ${JSON.stringify(value)} is not a boolean`]
    }
  }

  #checkStructure(value: unknown, shape: ModelShape, path: string): readonly string[] {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${path}: not a structure`]
    const problems = Object.entries(value).flatMap(([key, v]) => {
      const member = shape.members?.[key]
      return member ? this.#check(v, member.shape, `${path}.${key}`) : [`${path}.${key}: not in the model`]
    })
    const missing = (shape.required ?? []).filter((key) => !(key in value))
    return [...problems, ...missing.map((key) => `${path}.${key}: missing`)]
  }

  /** A value that the model allows; structures have every member, two levels deep. */
  sample(name: string, depth = 0): unknown {
    const shape = this.shape(name)
    switch (shape.type) {
      case 'structure':
        return Object.fromEntries(
          Object.entries(shape.members ?? {})
            .filter(([key]) => depth < 3 || shape.required?.includes(key))
            .map(([key, member]) => [key, this.sample(member.shape, depth + 1)]),
        )
      case 'list':
        return depth < 4 ? [this.sample(shape.member!.shape, depth + 1)] : []
      case 'map':
        return { key: this.sample(shape.value!.shape, depth + 1) }
      case 'string':
        return shape.enum?.[0] ?? 'text'
      case 'boolean':
        return true
      default:
        return 1
    }
  }

  /** Requests that are wrong in one place each: a type, a missing required member, an enumeration, a size. */
  *malformed(operation: string): Generator<{ readonly what: string; readonly body: unknown }> {
    const input = this.document.operations[operation]?.input?.shape
    if (input === undefined) return
    const sample = this.sample(input) as Record<string, unknown>
    yield { what: 'a list for the body', body: [] }
    yield { what: 'a text for the body', body: 'text' }
    for (const path of paths(sample)) {
      const given = at(sample, path)
      const where = path.join('.')
      for (const wrong of wrongFor(given))
        yield { what: `${where} = ${JSON.stringify(wrong).slice(0, 40)}`, body: changed(sample, path, wrong) }
    }
    for (const key of this.shape(input).required ?? []) {
      const { [key]: _, ...rest } = sample
      yield { what: `no ${key}`, body: rest }
    }
  }
}

type Path = readonly (string | number)[]

function paths(value: unknown, path: Path = []): readonly Path[] {
  const own = path.length > 0 ? [path] : []
  if (typeof value !== 'object' || value === null) return own
  const entries: readonly (readonly [string | number, unknown])[] = Array.isArray(value)
    ? value.map((v, i) => [i, v])
    : Object.entries(value)
  return [...own, ...entries.flatMap(([key, v]) => paths(v, [...path, key]))]
}

const at = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>((v, key) => (v as Record<string | number, unknown>)[key], value)

function wrongFor(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return ['text', 5, {}, Array.from({ length: 200 }, () => value[0])]
  if (typeof value === 'object') return ['text', 5, []]
  if (typeof value === 'string')
    return [
      5,
      true,
      {},
      [],
      'x'.repeat(70_000),
      '',
      '\0',
      'arn:aws:nonsense',
      'arn:aws:ecs:us-east-1:123456789012:cluster',
    ]
  if (typeof value === 'boolean') return ['true', 1, {}]
  return ['1', true, {}, 1.5, -1, 1e15, 2 ** 40]
}

function changed(value: unknown, path: Path, to: unknown): unknown {
  const [key, ...rest] = path
  if (key === undefined) return to
  if (Array.isArray(value)) return value.map((v, i) => (i === key ? changed(v, rest, to) : v))
  return { ...(value as object), [key]: changed((value as Record<string | number, unknown>)[key], rest, to) }
}
