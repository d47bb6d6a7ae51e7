/** The automations file of a workspace becomes tasks and services of its environment. */

import { ConnectError } from '@connectrpc/connect'
import type { Principal } from '../../../core/identity.ts'
import { AutomationsProblem, readAutomations } from '../../../workspaces/automations-file.ts'
import { readInside } from '../../../workspaces/read-inside.ts'
import { upsertAutomations } from '../automation/upsert-automations.ts'
import type { Parts } from '../call.ts'
import type { EnvironmentRecord } from '../documents.ts'
import { specOf } from './spec-json.ts'

/** The vendor's present place, then the former ones (ona.md 7). */
const PLACES = ['.ona/automations.yaml', '.ona/automations.yml', '.gitpod/automations.yaml', '.gitpod/automations.yml']

/** What is wrong with the file is the environment's to show; it comes up all the same. */
export async function applyAutomations(
  parts: Parts,
  principal: Principal,
  environment: EnvironmentRecord,
): Promise<EnvironmentRecord['automations']> {
  const named = specOf(environment.spec).automationsFile?.automationsFilePath ?? ''
  const found = await find(environment.workspace.directory, named === '' ? PLACES : [named])
  if (!found)
    return {
      path: named,
      state: named === '' ? 'absent' : 'failed',
      ...(named !== '' && { failure: `there is no ${named}` }),
    }
  try {
    await upsertAutomations(parts, principal, environment.id, readAutomations(found.text))
    return { path: found.path, state: 'ready' }
  } catch (error) {
    if (error instanceof AutomationsProblem || error instanceof ConnectError)
      return { path: found.path, state: 'failed', failure: `${found.path}: ${messageOf(error)}` }
    throw error
  }
}

const messageOf = (error: Error): string => (error instanceof ConnectError ? error.rawMessage : error.message)

async function find(directory: string, places: readonly string[]) {
  for (const path of places) {
    const text = await readInside(directory, path)
    if (text !== undefined) return { path, text }
  }
  return undefined
}
