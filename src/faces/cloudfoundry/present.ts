import type { Resource } from './documents.ts'
import type { Metadata } from './wire/metadata.ts'
import { timestamp } from './wire/time.ts'

/** What every resource begins with. */
export const head = ({ guid, created, updated }: Resource): object => ({
  guid,
  created_at: timestamp(created),
  updated_at: timestamp(updated),
})

export const toOne = (guid: string | null | undefined): object => ({ data: guid == null ? null : { guid } })

export const hrefs = (base: string, paths: Readonly<Record<string, string>>): Record<string, { href: string }> =>
  Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, { href: `${base}${path}` }]))

export const metadataOf = ({ labels, annotations }: Metadata): object => ({ labels, annotations })
