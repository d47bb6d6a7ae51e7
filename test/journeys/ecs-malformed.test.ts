import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OUT_OF_SCOPE } from '../../src/faces/ecs/operations/by-design.ts'
import { ECS_OPERATIONS, LOGS_OPERATIONS } from '../../src/faces/ecs/operations/table.ts'
import type { Shape } from '../../src/faces/ecs/wire/shape.ts'
import { type AwsWorld, openAwsWorld } from '../support/aws-world.ts'
import { botocoreData, ServiceModel } from '../support/service-model.ts'

const data = botocoreData()

/** Errors that any operation may answer with, besides those the model names for it (AWS's "common errors"). */
const COMMON = [
  'SerializationException',
  'ThrottlingException',
  'InvalidParameterException',
  'ClientException',
  'UnsupportedFeatureException',
]

describe.skipIf(data === undefined)('against the service model of an installed botocore', () => {
  const models =
    data === undefined ? undefined : { ecs: new ServiceModel('ecs', data), logs: new ServiceModel('logs', data) }
  let world: AwsWorld
  beforeAll(async () => {
    world = await openAwsWorld()
  })
  afterAll(() => world.close())

  const call = async (
    prefix: string,
    operation: string,
    body: unknown,
  ): Promise<{ status: number; reply: { __type?: string; message?: string } }> => {
    const response = await fetch(`${world.url}/`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `${prefix}.${operation}` },
      body: typeof body === 'string' && body.startsWith('raw:') ? body.slice(4) : JSON.stringify(body),
    })
    return { status: response.status, reply: (await response.json()) as { __type?: string } }
  }

  test('every operation of the vendor is served or refused by name', () => {
    const known = [...ECS_OPERATIONS.keys(), ...OUT_OF_SCOPE].sort()
    expect(known).toEqual(expect.arrayContaining([...models!.ecs.operations]))
    expect(new Set(known).size).toBe(known.length)
  })

  test('every member of every request is known by its own name and has its own type', () => {
    const differences: string[] = []
    for (const [model, table] of [
      [models!.ecs, ECS_OPERATIONS],
      [models!.logs, LOGS_OPERATIONS],
    ] as const)
      for (const operation of table.values()) {
        const name = model.document.operations[operation.name]?.input?.shape
        if (name === undefined) continue
        compare(model, name, operation.input, operation.name, differences)
        expect(() => operation.input.read(model.sample(name), '')).not.toThrow()
      }
    expect(differences).toEqual([])
  })

  for (const service of ['ecs', 'logs'] as const)
    test(`a malformed request of ${service} is refused in the vendor's words, and never a fault of ours`, async () => {
      const model = models![service]
      const table = service === 'ecs' ? ECS_OPERATIONS : LOGS_OPERATIONS
      const wrong: string[] = []
      let refused = 0
      for (const operation of table.keys())
        for (const { what, body } of [...model.malformed(operation), { what: 'broken JSON', body: 'raw:{"a":' }]) {
          const { status, reply } = await call(model.prefix, operation, inExisting(body))
          const said = `${operation}: ${what} → ${status} ${reply.__type ?? ''}`
          if (status === 200) continue
          refused++
          const allowed = [...model.errorsOf(operation), ...COMMON].includes(reply.__type ?? '')
          if (status !== 400 || !allowed || reply.__type === 'ServerException') wrong.push(said)
        }
      expect(wrong).toEqual([])
      expect(refused).toBeGreaterThan(table.size * 3)
    }, 240_000)

  test('a value of the wrong JSON type is never taken for another', async () => {
    for (const body of [{ cluster: 5 }, { cluster: [] }, { tasks: 'one' }, { tasks: [1] }, { tasks: {} }, []])
      expect((await call(models!.ecs.prefix, 'DescribeTasks', body)).reply.__type).toBe('SerializationException')
  })

  test('what is out of scope says so, and what AWS does not know is unknown', async () => {
    for (const operation of OUT_OF_SCOPE)
      expect((await call(models!.ecs.prefix, operation, {})).reply.__type).toBe('UnsupportedFeatureException')
    for (const [prefix, operation] of [
      [models!.ecs.prefix, 'MakeCoffee'],
      ['DynamoDB_20120810', 'ListTables'],
      ['AWSEvents', 'PutEvents'],
      ['', ''],
    ] as const) {
      const { status, reply } = await call(prefix, operation, {})
      expect([status, reply.__type]).toEqual([400, 'UnknownOperationException'])
    }
  })
})

/** A sample's cluster does not exist; without it `default` is meant, so that what lies behind is reached. */
function inExisting(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || !('cluster' in body) || body.cluster !== 'text') return body
  const { cluster: _, ...rest } = body
  return rest
}

/** Names of members, recursively. */
function compare(
  model: ServiceModel,
  name: string,
  own: Shape<unknown>,
  path: string,
  differences: string[],
  seen: readonly string[] = [],
): void {
  const shape = model.shape(name)
  if (seen.includes(name)) return
  if (shape.type === 'list' && own.element)
    return compare(model, shape.member!.shape, own.element, `${path}[]`, differences, [...seen, name])
  if (shape.type !== 'structure') return
  if (!own.members) return void differences.push(`${path}: is a structure at the vendor`)
  const theirs = Object.keys(shape.members ?? {})
  for (const key of theirs) if (!(key in own.members)) differences.push(`${path}.${key}: missing here`)
  for (const key of Object.keys(own.members)) {
    if (!theirs.includes(key)) differences.push(`${path}.${key}: unknown to the vendor`)
    else compare(model, shape.members![key]!.shape, own.members[key]!, `${path}.${key}`, differences, [...seen, name])
  }
}
