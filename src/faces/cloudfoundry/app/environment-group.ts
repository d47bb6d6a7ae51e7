import { COLLECTIONS, type Resource } from '../documents.ts'
import type { Call } from '../operation.ts'

/** What an operator keeps for the whole foundation: a feature flag, a group of variables. */
export interface Setting extends Resource {
  readonly value: unknown
}

/** Variables of every app, while it is staged (`staging`) or runs (`running`). */
export async function environmentGroup(call: Call, name: string): Promise<Readonly<Record<string, string>>> {
  const stored = await call.records.find<Setting>(COLLECTIONS.setting, `group/${name}`)
  return (stored?.value ?? {}) as Readonly<Record<string, string>>
}
