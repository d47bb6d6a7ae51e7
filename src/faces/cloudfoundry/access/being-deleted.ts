/**
 * Spaces and organisations that are going: deleting waits for their tasks to end, and nothing new may begin there
 * meanwhile. Known to this server alone; it is the only writer of its data directory, and a restart ends the deleting.
 */
import type { Tenant } from '../../../core/identity.ts'

const going = new Set<string>()

const keyOf = (tenant: Tenant, guid: string): string => `${tenant}/${guid}`

export const isBeingDeleted = (tenant: Tenant, guid: string): boolean => going.has(keyOf(tenant, guid))

/** Does the work while they count as going. */
export async function whileDeleting<T>(tenant: Tenant, guid: string, work: () => Promise<T>): Promise<T> {
  const key = keyOf(tenant, guid)
  going.add(key)
  try {
    return await work()
  } finally {
    going.delete(key)
  }
}
