import { createHash, createHmac } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'
import aws4 from 'aws4'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AwsError } from '../errors.ts'
import { parseAuthorization } from './authorization-header.ts'
import type { SignedRequest } from './signature.ts'
import { formatAmzDate, MISMATCH, SignatureVerifier } from './verify-signature.ts'

const NOW = Date.UTC(2026, 10, 21, 12, 0, 0)
const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
const CREDENTIALS = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: SECRET }

interface Sent {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** As aws4 signs: content-length, content-type, host, x-amz-date, x-amz-target. */
function signedByAws4(given: Sent, sessionToken?: string): SignedRequest {
  const request = {
    service: 'ecs',
    region: 'eu-west-1',
    method: 'POST',
    host: '127.0.0.1:7400',
    path: given.path,
    body: given.body,
    headers: { ...given.headers, 'X-Amz-Date': formatAmzDate(NOW) },
  }
  const signed = aws4.sign(request, { ...CREDENTIALS, ...(sessionToken && { sessionToken }) })
  return received(given, signed.headers as Record<string, string>)
}

/** As the AWS SDK for JavaScript signs. */
async function signedBySdk(given: Sent): Promise<SignedRequest> {
  class Sha256 {
    readonly #hash
    constructor(secret?: unknown) {
      this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as Buffer)
    }
    update(data: Uint8Array | string): void {
      this.#hash.update(data)
    }
    async digest(): Promise<Uint8Array> {
      return this.#hash.digest()
    }
  }
  const signer = new SignatureV4({
    service: 'ecs',
    region: 'eu-west-1',
    credentials: CREDENTIALS,
    sha256: Sha256 as never,
  })
  const [path = '/', query = ''] = given.path.split('?')
  const request = {
    method: 'POST',
    protocol: 'http:',
    hostname: '127.0.0.1',
    port: 7400,
    path,
    query: grouped(new URLSearchParams(query)),
    headers: { host: '127.0.0.1:7400', ...given.headers },
    body: given.body,
  }
  const signed = await signer.sign(request as never, { signingDate: new Date(NOW) })
  return received(given, (signed as unknown as { headers: Record<string, string> }).headers)
}

/** The SDK takes a repeated name as a list. */
const grouped = (query: URLSearchParams): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries([...query.keys()].map((name) => [name, query.getAll(name)]))

function received(given: Sent, headers: Readonly<Record<string, string>>): SignedRequest {
  const [path = '/', query = ''] = given.path.split('?')
  const lower = Object.fromEntries(Object.entries(headers).map(([k, v]) => [k.toLowerCase(), String(v)]))
  return { method: 'POST', path, query, headers: lower, body: Buffer.from(given.body) }
}

const verify = (request: SignedRequest, secret = SECRET, now = NOW, service = 'ecs'): void =>
  new SignatureVerifier().verify(
    request,
    parseAuthorization(String(request.headers.authorization)),
    secret,
    service,
    now,
  )

function refusal(act: () => void): AwsError {
  try {
    act()
  } catch (error) {
    if (error instanceof AwsError) return error
    throw error
  }
  throw new Error('it was accepted')
}

const sent = fc.record({
  path: fc.constantFrom('/', '/?Action=x&b=%20c', '/?a=1&A=2&a=0', '/?a=2&a-b=1'),
  body: fc.string({ unit: 'binary' }),
  headers: fc.record({
    'content-type': fc.constantFrom('application/x-amz-json-1.1', 'application/x-amz-json-1.1; charset=utf-8'),
    'x-amz-target': fc.constantFrom('AmazonEC2ContainerServiceV20141113.RunTask', '  a   b '),
  }),
})

describe('what other implementations sign is accepted', () => {
  test('aws4, with and without a session token', () => {
    fc.assert(
      fc.property(sent, fc.option(fc.constantFrom('token', 'FwoGZXIvYXdzE//=')), (s, token) =>
        verify(signedByAws4(s, token ?? undefined)),
      ),
      { numRuns: 100 },
    )
  })
  test("the SDK's own signer", async () => {
    await fc.assert(
      fc.asyncProperty(sent, async (s) => verify(await signedBySdk(s))),
      { numRuns: 100 },
    )
  })
})

describe('what was changed on the way is refused', () => {
  const given: Sent = {
    path: '/',
    body: '{"cluster":"a"}',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'T.Op' },
  }
  const good = signedByAws4(given)
  const change = (more: Readonly<Record<string, string>>): SignedRequest => ({
    ...good,
    headers: { ...good.headers, ...more },
  })
  const cases: Readonly<Record<string, SignedRequest>> = {
    body: { ...good, body: Buffer.from('{"cluster":"b"}') },
    target: change({ 'x-amz-target': 'T.Other' }),
    host: change({ host: 'elsewhere' }),
    path: { ...good, path: '/other' },
    method: { ...good, method: 'PUT' },
    query: { ...good, query: 'a=b' },
    'stated hash of the body': change({ 'x-amz-content-sha256': '0'.repeat(64) }),
    'unsigned payload that is not signed to be so': change({ 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }),
  }
  const mismatch = { type: 'InvalidSignatureException', message: MISMATCH, status: 400 }
  test.each(Object.keys(cases))('%s', (what) => {
    expect(refusal(() => verify(cases[what]!))).toMatchObject(mismatch)
  })

  test('what another secret signed', () => {
    expect(refusal(() => verify(good, 'another secret'))).toMatchObject(mismatch)
  })

  test('a request of five minutes ago or ahead is too old or too early', () => {
    expect(() => verify(good, SECRET, NOW + 299_000)).not.toThrow()
    expect(() => verify(good, SECRET, NOW - 299_000)).not.toThrow()
    expect(refusal(() => verify(good, SECRET, NOW + 301_000)).message).toBe(
      'Signature expired: 20261121T120000Z is now earlier than 20261121T120001Z (20261121T120501Z - 5 min.)',
    )
    expect(refusal(() => verify(good, SECRET, NOW - 301_000)).message).toMatch(
      /^Signature not yet current: 20261121T120000Z/,
    )
  })

  test('a signature for another service does not serve', () => {
    expect(refusal(() => verify(good, SECRET, NOW, 'logs')).message).toBe(
      "Credential should be scoped to correct service: 'logs'. ",
    )
  })

  test('the host must be signed', () => {
    const header = String(good.headers.authorization).replace('host;', '')
    expect(refusal(() => verify({ ...good, headers: { ...good.headers, authorization: header } })).type).toBe(
      'InvalidSignatureException',
    )
  })
})

test('a header that is not whole names what is missing', () => {
  const whole = 'AWS4-HMAC-SHA256 Credential=K/20261121/r/ecs/aws4_request, SignedHeaders=host, Signature=ab'
  expect(parseAuthorization(whole)).toEqual({
    accessKeyId: 'K',
    date: '20261121',
    region: 'r',
    service: 'ecs',
    signedHeaders: ['host'],
    signature: 'ab',
  })
  for (const name of ['Credential', 'SignedHeaders', 'Signature']) {
    const cut = whole.replace(new RegExp(`${name}=[^,]*,? ?`), '')
    expect(refusal(() => parseAuthorization(cut))).toMatchObject({
      type: 'IncompleteSignatureException',
      message: expect.stringContaining(name),
    })
  }
  for (const header of [
    '',
    'Basic abc',
    'AWS4-HMAC-SHA256',
    'AWS4-HMAC-SHA256 Credential=K/r/ecs, SignedHeaders=host, Signature=ab',
    `${whole.replace('aws4_request', 'other')}`,
  ])
    expect(refusal(() => parseAuthorization(header)).type).toBe('IncompleteSignatureException')
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        parseAuthorization(text)
      } catch (error) {
        expect(error).toBeInstanceOf(AwsError)
      }
    }),
  )
})
