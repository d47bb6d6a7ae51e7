/** What a foundation has from its first moment on: one organisation with one space, and the feature flags' defaults. */
import { COLLECTIONS, type Org, type Space } from './documents.ts'
import { isEngineError } from './is-engine-error.ts'
import type { Records } from './records.ts'
import { NO_METADATA } from './wire/metadata.ts'

const MARK = 'foundation'

/** Idempotent; cheap when it is there. */
export async function ensureFoundation(records: Records): Promise<void> {
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
