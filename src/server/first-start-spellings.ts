import { asTenant } from '../core/identity.ts'
import type { FirstStartSpelling } from '../faces/kit/first-start.ts'

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** An access key id as IAM writes them: AKIA and 16 letters of base 32. */
const accessKeyId = (derived: Uint8Array): string =>
  `AKIA${[...derived.subarray(0, 16)].map((byte) => BASE32[byte & 31]).join('')}`

/** 40 letters, as IAM's secret access keys have. */
const secretAccessKey = (derived: Uint8Array): string => Buffer.from(derived).toString('base64').slice(0, 40)

/** A key as Livepeer Studio writes them: a UUID. */
function uuid(derived: Uint8Array): string {
  const hex = Buffer.from(derived).toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  )
}

/** How the credentials of the first start are spelled where a face's clients expect a form. */
export const FIRST_START_SPELLINGS: Readonly<Record<string, FirstStartSpelling>> = {
  ecs: {
    kind: 'sealed',
    tenant: asTenant('aws:123456789012:us-east-1'),
    tenants: { form: /^aws:\d{12}$/, says: 'aws:ACCOUNT, an account being 12 digits' },
    name: accessKeyId,
    secret: secretAccessKey,
  },
  cloudfoundry: { tenant: asTenant('cf') },
  livepeer: { secret: uuid },
}
