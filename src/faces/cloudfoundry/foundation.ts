/** What a foundation has from its first moment on: a quota without limits, one organisation, one space, a stack, a buildpack. */
import { isEngineError } from '../../core/engine-error.ts'
import { BUILDPACK, STACK } from './app/new-app.ts'
import { type Buildpack, COLLECTIONS, type Org, type Quota, type Space, type Stack, type User } from './documents.ts'
import type { Records } from './records.ts'
import type { TokenOwner } from './uaa/tokens.ts'
import { NO_METADATA } from './wire/metadata.ts'

const MARK = 'foundation'
const DEFAULT = 'default'
const NO_LIMITS = {
  totalMemory: null,
  perProcessMemory: null,
  totalInstances: null,
  perAppTasks: null,
  logRate: null,
}
const NO_OTHER_LIMITS = {
  services: { paid_services_allowed: true, total_service_instances: null, total_service_keys: null },
  routes: { total_routes: null, total_reserved_ports: null },
  domains: { total_domains: null },
}

/** The quota that every new organisation has: `cf org` reads the quota of each. */
export const defaultQuota = async (records: Records): Promise<Quota | undefined> =>
  (await records.all<Quota>(COLLECTIONS.quota)).find(({ name }) => name === DEFAULT)

/** Idempotent; cheap when it is there. Whoever logs in is a user of it from then on. */
export async function ensureFoundation(records: Records, { id, name, origin, isClient }: TokenOwner): Promise<void> {
  await ensureOrg(records)
  if (await records.find(COLLECTIONS.user, id)) return
  const user: User = { ...records.fresh(), guid: id, username: name, origin, ...(isClient && { isClient }) }
  await records.save(records.putOf(COLLECTIONS.user, user, { username: name }))
}

async function ensureOrg(records: Records): Promise<void> {
  if (await records.find(COLLECTIONS.setting, MARK)) return
  const quota: Quota = { ...records.fresh(), name: DEFAULT, ...NO_LIMITS, rest: NO_OTHER_LIMITS }
  const org: Org = {
    ...records.fresh(),
    name: DEFAULT,
    suspended: false,
    quota: quota.guid,
    metadata: NO_METADATA,
  }
  const space: Space = { ...records.fresh(), name: DEFAULT, org: org.guid, metadata: NO_METADATA }
  const stack: Stack = { ...records.fresh(), name: STACK, description: 'This machine, whatever it runs' }
  const buildpack: Buildpack = { ...records.fresh(), name: BUILDPACK }
  const mark = { ...records.fresh(), guid: MARK }
  try {
    await records.save(
      { ...records.putOf(COLLECTIONS.setting, mark), expected: 0 },
      records.putOf(COLLECTIONS.quota, quota),
      records.putOf(COLLECTIONS.stack, stack),
      records.putOf(COLLECTIONS.buildpack, buildpack),
      records.putOf(COLLECTIONS.org, org),
      records.putOf(COLLECTIONS.space, space, { org: org.guid }),
    )
  } catch (error) {
    // Another request was first.
    if (!isEngineError(error, 'conflict')) throw error
  }
}
