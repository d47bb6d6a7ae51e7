import { createHash } from 'node:crypto'
import type { EnvValue } from '../../../core/step-spec.ts'
import type { Call } from '../call.ts'
import { badRequest } from '../errors.ts'
import { type PlatformValue, parsed } from './effective-variables.ts'

/** What Linux takes as one variable of a program (execve(2)), less name and end. */
const LONGEST_BYTES = 131_072 - 'PLATFORM_VARIABLES='.length - 1

export const base64Json = (value: unknown): string => Buffer.from(JSON.stringify(value), 'utf8').toString('base64')

type Sealing = Pick<Call, 'engine' | 'tenant' | 'context'>

/** PLATFORM_VARIABLES: base64 of JSON, sealed when a sensitive value is in it. Throws 400 when it is too long to be given. */
export async function platformVariables(
  call: Sealing,
  platform: Readonly<Record<string, PlatformValue>>,
): Promise<EnvValue> {
  let isSecret = false
  const content: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(platform)) {
    if ('value' in value) content[name] = value.value
    else {
      isSecret = true
      const text = (await call.engine.resolveSecret(call.tenant, value.secret)) ?? ''
      content[name] = value.isJson ? parsed(text) : text
    }
  }
  const encoded = base64Json(content)
  if (encoded.length > LONGEST_BYTES)
    throw badRequest(
      `the variables are too long together: ${encoded.length} bytes in base64, ${LONGEST_BYTES} are possible`,
    )
  return isSecret ? (await sealed(call, { PLATFORM_VARIABLES: encoded })).PLATFORM_VARIABLES! : encoded
}

/**
 * The values as fields of one secret of the tenant, named by its content: no plan, event or reply ever holds them in the
 * clear, and the same values are kept once.
 */
export async function sealed(
  call: Sealing,
  values: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, EnvValue>>> {
  const text = JSON.stringify(values)
  const digest = createHash('sha256').update(call.context.deriveKey('upsun/sealed')).update(text).digest('hex')
  const secret = `upsun.sealed.${digest.slice(0, 24)}`
  if ((await call.engine.resolveSecret(call.tenant, secret)) === undefined)
    await call.engine.setSecret(call.tenant, secret, text)
  return Object.fromEntries(Object.keys(values).map((key) => [key, { secret, key }]))
}
