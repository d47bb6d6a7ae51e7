import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import type { ProcessIdentity } from '../executors/process-identity.ts'
import { isSameProcess, ownIdentity } from '../executors/process-identity.ts'
import { serverFileOf } from './data-directory.ts'

/** What a running server says of itself in its data directory. */
export interface ServerFacts extends ProcessIdentity {
  readonly url: string
  readonly ephemeral: boolean
  readonly startedAt: string
}

/** Written last at a start: who finds it finds a server that is ready. */
export function writeServerFile(
  dataDirectory: string,
  server: { readonly url: string; readonly ephemeral: boolean },
): void {
  const facts: ServerFacts = { ...ownIdentity(), ...server, startedAt: new Date().toISOString() }
  const path = serverFileOf(dataDirectory)
  // Renamed into place: who waits for the file must not find half of it.
  writeFileSync(`${path}.new`, `${JSON.stringify(facts)}\n`, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

export const removeServerFile = (dataDirectory: string): void => rmSync(serverFileOf(dataDirectory), { force: true })

/** The server of this data directory; undefined when none runs, also when one died and its pid is another's by now. */
export function readServerFile(dataDirectory: string): ServerFacts | undefined {
  const facts = parsed(dataDirectory)
  return facts && isSameProcess(facts) ? facts : undefined
}

export const isRunning = (server: ServerFacts): boolean => isSameProcess(server)

function parsed(dataDirectory: string): ServerFacts | undefined {
  try {
    return JSON.parse(readFileSync(serverFileOf(dataDirectory), 'utf8')) as ServerFacts
  } catch {
    return undefined
  }
}
