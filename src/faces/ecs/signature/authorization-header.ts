import { AwsError } from '../errors.ts'

/** What an `Authorization: AWS4-HMAC-SHA256 …` header says. */
export interface Authorization {
  readonly accessKeyId: string
  /** YYYYMMDD. */
  readonly date: string
  readonly region: string
  readonly service: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
}

const incomplete = (message: string): AwsError => new AwsError('IncompleteSignatureException', message)

/** Throws IncompleteSignatureException naming the missing part. */
export function parseAuthorization(header: string): Authorization {
  const space = header.indexOf(' ')
  const algorithm = space === -1 ? header : header.slice(0, space)
  if (algorithm !== 'AWS4-HMAC-SHA256') throw incomplete(`Unsupported AWS 'algorithm': '${algorithm}'.`)
  const parts = partsOf(header.slice(space + 1))
  for (const name of ['Credential', 'Signature', 'SignedHeaders'])
    if (!parts.get(name))
      throw incomplete(`Authorization header requires '${name}' parameter. Authorization=${algorithm}`)
  const scope = parts.get('Credential')!.split('/')
  if (scope.length < 5 || scope.some((part) => part === ''))
    throw incomplete(`Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term`)
  const [term, service, region, date, ...key] = scope.reverse()
  if (term !== 'aws4_request') throw incomplete("Credential should be scoped with a valid terminator: 'aws4_request'")
  return {
    accessKeyId: key.reverse().join('/'),
    date: date!,
    region: region!,
    service: service!,
    signedHeaders: parts.get('SignedHeaders')!.split(';'),
    signature: parts.get('Signature')!,
  }
}

function partsOf(text: string): ReadonlyMap<string, string> {
  const pairs = text.split(',').map((part): [string, string] => {
    const equals = part.indexOf('=')
    return equals === -1 ? [part.trim(), ''] : [part.slice(0, equals).trim(), part.slice(equals + 1).trim()]
  })
  return new Map(pairs)
}
