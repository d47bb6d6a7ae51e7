import type { Principal } from '../../../core/identity.ts'
import type { Parts } from '../call.ts'
import type { EnvironmentRecord } from '../documents.ts'
import { applyAutomations } from './apply-automations.ts'
import { lookForDevcontainer } from './look-for-devcontainer.ts'

/** What a filled workspace says of itself: its dev container, and its automations, which are made. */
export async function lookInto(
  parts: Parts,
  principal: Principal,
  environment: EnvironmentRecord,
): Promise<Pick<EnvironmentRecord, 'automations' | 'devcontainer'>> {
  const devcontainer = await lookForDevcontainer(environment)
  const automations = await applyAutomations(parts, principal, environment)
  return { automations, ...(devcontainer && { devcontainer }) }
}
