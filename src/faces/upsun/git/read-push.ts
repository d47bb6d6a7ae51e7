import { badRequest } from '../errors.ts'
import type { PktReader } from './pkt-line.ts'

export const NO_COMMIT = '0'.repeat(40)

/** One wish of a push: this ref shall be that commit. */
export interface RefUpdate {
  readonly before: string
  readonly after: string
  readonly ref: string
}

export interface Push {
  readonly updates: readonly RefUpdate[]
  /** The client's history ends early: what lies before it is not here either. */
  readonly isShallow: boolean
  /** Whether the client takes progress beside the report. */
  readonly hasBands: boolean
  /** `git push -o KEY=VALUE` */
  readonly options: readonly string[]
}

const MOST_UPDATES = 100
const UPDATE = /^([0-9a-f]{40}) ([0-9a-f]{40}) ([^\0]+)$/

/** What stands before the pack (gitprotocol-pack, "Reference Update Request"). Throws 400. */
export async function readPush(reader: PktReader): Promise<Push> {
  const lines = await reader.section(MOST_UPDATES)
  const shallow = lines.filter((line) => line.startsWith('shallow '))
  const [first = '', ...others] = lines.filter((line) => !line.startsWith('shallow '))
  const [update = '', capabilities = ''] = first.split('\0')
  const has = (capability: string): boolean => capabilities.split(' ').includes(capability)
  const updates = lines.length === 0 ? [] : [update, ...others].map(updateOf)
  const options = has('push-options') ? await reader.section(MOST_UPDATES) : []
  return { updates, isShallow: shallow.length > 0, hasBands: has('side-band-64k'), options }
}

function updateOf(line: string): RefUpdate {
  const [, before, after, ref] = UPDATE.exec(line) ?? []
  if (before === undefined || after === undefined || ref === undefined)
    throw badRequest('a line of the push is no update of a ref; only SHA-1 repositories can be pushed')
  return { before, after, ref }
}
