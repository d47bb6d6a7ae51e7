import { asTenant } from '../../core/identity.ts'
import type { FirstStartSpelling } from '../kit/first-start.ts'
import { DEFAULT_OPTIONS } from './options.ts'

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** The first credential looks like an AWS access key, because clients and tools check. */
export const ECS_FIRST_START: FirstStartSpelling = {
  tenant: asTenant(`aws:${DEFAULT_OPTIONS.account}`),
  principal: 'admin',
  name: (derived) => `AKIA${[...derived.slice(0, 16)].map((byte) => LETTERS[byte & 31]).join('')}`,
  secret: (derived) => Buffer.from(derived).toString('base64').slice(0, 40),
}
