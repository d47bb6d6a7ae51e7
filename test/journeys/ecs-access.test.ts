/** Who may ask: credentials for a time (STS), what they may do and how long. */
import { type ECSClient, ListClustersCommand, RegisterTaskDefinitionCommand } from '@aws-sdk/client-ecs'
import aws4 from 'aws4'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type AwsWorld, openAwsWorld } from '../support/aws-world.ts'

interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

let world: AwsWorld
let first: Credentials
beforeAll(async () => {
  world = await openAwsWorld({ auth: 'strict' })
  const { name, secret } = await world.firstCredential('ecs')
  first = { accessKeyId: name, secretAccessKey: secret }
})
afterAll(async () => {
  vi.useRealTimers()
  await world.close()
})

/** The query protocol, as STS's clients speak it. */
async function sts(credentials: Credentials, parameters: Readonly<Record<string, string>>) {
  const body = new URLSearchParams({ Version: '2011-06-15', ...parameters }).toString()
  const request = {
    service: 'sts',
    region: 'us-east-1',
    method: 'POST',
    host: new URL(world.url).host,
    path: '/',
    body,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8' },
  }
  const { Host: _, 'Content-Length': __, ...headers } = aws4.sign(request, credentials).headers
  const answer = await fetch(world.url, { method: 'POST', headers, body })
  const text = await answer.text()
  return { status: answer.status, element: (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1] }
}

async function session(credentials: Credentials, parameters: Readonly<Record<string, string>>): Promise<Credentials> {
  const { status, element } = await sts(credentials, parameters)
  expect(status).toBe(200)
  const [accessKeyId, secretAccessKey] = [element('AccessKeyId')!, element('SecretAccessKey')!]
  return { accessKeyId, secretAccessKey, sessionToken: element('SessionToken')! }
}

const ROLE = { Action: 'AssumeRole', RoleArn: 'arn:aws:iam::123456789012:role/deploy', RoleSessionName: 'ci' }

async function outcome(credentials: Credentials, command = new ListClustersCommand({})): Promise<string> {
  const client: ECSClient = world.client('us-east-1', credentials)
  try {
    await client.send(command)
    return 'accepted'
  } catch (error) {
    return (error as Error).name
  } finally {
    client.destroy()
  }
}

test('a session and an assumed role do what the key behind them may, and say who they are', async () => {
  const user = await session(first, { Action: 'GetSessionToken' })
  const role = await session(first, ROLE)
  expect(await Promise.all([user, role].map((c) => outcome(c)))).toEqual(['accepted', 'accepted'])
  const who = async (credentials: Credentials) =>
    (await sts(credentials, { Action: 'GetCallerIdentity' })).element('Arn')
  expect(await who(role)).toBe('arn:aws:sts::123456789012:assumed-role/deploy/ci')
  expect(await who(user)).toBe(await who(first))
})

test('a token that is not its own, is missing or was made up opens nothing', async () => {
  const [one, other] = [await session(first, ROLE), await session(first, { ...ROLE, RoleSessionName: 'other' })]
  const { sessionToken: _, ...bare } = one
  const wrong = [bare, { ...one, sessionToken: other.sessionToken! }, { ...one, sessionToken: 'FwoGZXIvYXdzEXAMPLE' }]
  expect(await Promise.all(wrong.map((c) => outcome(c)))).toEqual(wrong.map(() => 'UnrecognizedClientException'))
  expect(await outcome({ ...one, secretAccessKey: other.secretAccessKey })).toBe('InvalidSignatureException')
})

test('a session ends at its time, and none begun from it lasts longer', async () => {
  const brief = await session(first, { ...ROLE, DurationSeconds: '900' })
  const longer = await sts(brief, { ...ROLE, DurationSeconds: '43200' })
  expect(Date.parse(longer.element('Expiration')!)).toBeLessThanOrEqual(Date.now() + 900_000)
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 901_000 })
  expect(await outcome(brief)).toBe('ExpiredTokenException')
  expect((await sts(brief, { Action: 'GetCallerIdentity' })).element('Code')).toBe('ExpiredToken')
  expect(await outcome(first)).toBe('accepted')
  vi.useRealTimers()
})

test("a role of another account, a time out of bounds and a session's own session are refused", async () => {
  const elsewhere = ROLE.RoleArn.replace('123456789012', '210987654321')
  const role = await session(first, ROLE)
  const refusals = [
    await sts(first, { ...ROLE, RoleArn: elsewhere }),
    await sts(first, { ...ROLE, DurationSeconds: '10' }),
    await sts(role, { Action: 'GetSessionToken' }),
    await sts({ accessKeyId: 'AKIAUNKNOWN', secretAccessKey: 'x' }, ROLE),
    await sts({ ...first, secretAccessKey: 'wrong' }, ROLE),
  ]
  expect(refusals.map(({ status, element }) => [status, element('Code')])).toEqual([
    [403, 'AccessDenied'],
    [400, 'ValidationError'],
    [403, 'AccessDenied'],
    [403, 'InvalidClientTokenId'],
    [403, 'SignatureDoesNotMatch'],
  ])
})

test('a session of a key that may little may no more, and ends with it', async () => {
  const operator = (await world.firstCredential('native')).secret
  const native = async (method: string, path: string, body?: object) => {
    const headers = { authorization: `Bearer ${operator}`, 'content-type': 'application/json' }
    const answer = await fetch(`${world.url}/taskport/v1${path}`, {
      method,
      headers,
      ...(body && { body: JSON.stringify(body) }),
    })
    return (await answer.json().catch(() => ({}))) as {
      readonly id: string
      readonly name: string
      readonly secret: string
    }
  }
  const tenant = 'aws:123456789012'
  const minted = await native('POST', '/tokens', { face: 'ecs', tenant, kind: 'sealed', grants: ['ecs:ListClusters'] })
  const limited = await session({ accessKeyId: minted.name, secretAccessKey: minted.secret }, ROLE)
  const register = new RegisterTaskDefinitionCommand({ family: 'x', containerDefinitions: [] })
  expect([await outcome(limited), await outcome(limited, register as never)]).toEqual([
    'accepted',
    'AccessDeniedException',
  ])
  await native('DELETE', `/tokens/${minted.id}`)
  expect(await outcome(limited)).toBe('UnrecognizedClientException')
})
