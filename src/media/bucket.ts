/**
 * Addresses of objects in S3-compatible buckets, signed in their query (Signature V4, "presigned"): the bytes then go by
 * plain HTTP. Buckets are named in the path, the region is `us-east-1`, which such stores take or ignore.
 */
import { createHash, createHmac } from 'node:crypto'

export interface BucketKeys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface ObjectPlace {
  readonly endpoint: string
  readonly bucket: string
  /** With or without a slash at its beginning. */
  readonly path: string
}

const REGION = 'us-east-1'
const VALID_S = 3_600

/** The keys that a step was given. Throws when there are none. */
export const bucketKeys = (): BucketKeys => JSON.parse(process.env.MEDIA_BUCKET_KEYS ?? '') as BucketKeys

/** Good for `validS` seconds from `at` on. */
export function signedUrl(
  place: ObjectPlace,
  keys: BucketKeys,
  method: string,
  { at = new Date(), validS = VALID_S } = {},
): string {
  const { origin, host, pathname } = new URL(place.endpoint)
  const path = [...pathname.split('/'), place.bucket, ...place.path.split('/')]
    .filter((part) => part !== '')
    .map(escaped)
  const time = at.toISOString().replaceAll(/[-:]|\.\d{3}/g, '')
  const scope = `${time.slice(0, 8)}/${REGION}/s3/aws4_request`
  const query = [
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
    ['X-Amz-Credential', `${keys.accessKeyId}/${scope}`],
    ['X-Amz-Date', time],
    ['X-Amz-Expires', String(validS)],
    ['X-Amz-SignedHeaders', 'host'],
  ]
    .map(([name, value]) => `${name}=${escaped(value!)}`)
    .join('&')
  const request = [method, `/${path.join('/')}`, query, `host:${host}\n`, 'host', 'UNSIGNED-PAYLOAD'].join('\n')
  const hash = createHash('sha256').update(request, 'utf8').digest('hex')
  const text = ['AWS4-HMAC-SHA256', time, scope, hash].join('\n')
  const signature = mac(signingKey(keys.secretAccessKey, scope), text).toString('hex')
  return `${origin}/${path.join('/')}?${query}&X-Amz-Signature=${signature}`
}

const mac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text, 'utf8').digest()

const signingKey = (secret: string, scope: string): Buffer =>
  scope.split('/').reduce<string | Buffer>((key, part) => mac(key, part), `AWS4${secret}`) as Buffer

/** RFC 3986, as signatures want it. */
const escaped = (text: string): string =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
