/** What a foundation has from its first moment on: one organisation with one space, and the feature flags' defaults. */
import { COLLECTIONS, type Org, type Space, type User } from './documents.ts'
import { isEngineError } from './is-engine-error.ts'
import type { Records } from './records.ts'
import type { TokenOwner } from './uaa/tokens.ts'
import { NO_METADATA } from './wire/metadata.ts'

const MARK = 'foundation'

/** Idempotent; cheap when it is there. Whoever logs in is a user of it from then on. */
export async function ensureFoundation(records: Records, { id, name, origin, isClient }: TokenOwner): Promise<void> {
  await ensureOrg(records)
  if (isClient || (await records.find(COLLECTIONS.user, id))) return
  const user: User = { ...records.fresh(), guid: id, username: name, origin }
  await records.save(records.putOf(COLLECTIONS.user, user, { username: name }))
}

async function ensureOrg(records: Records): Promise<void> {
  if (await records.find(COLLECTIONS.setting, MARK)) return
  const org: Org = { ...records.fresh(), name: 'default', suspended: false, metadata: NO_METADATA }
  const space: Space = { ...records.fresh(), name: 'default', org: org.guid, metadata: NO_METADATA }
  const mark = { ...records.fresh(), guid: MARK }
  try {
    await records.save(
      { ...records.putOf(COLLECTIONS.setting, mark), expected: 0 },
      records.putOf(COLLECTIONS.org, org),
      records.putOf(COLLECTIONS.space, space, { org: org.guid }),
    )
  } catch (error) {
    // Another request was first.
    if (!isEngineError(error, 'conflict')) throw error
  }
}
