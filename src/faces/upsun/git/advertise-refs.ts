import { allDocuments } from '../../kit/documents.ts'
import type { Call } from '../call.ts'
import { COLLECTIONS, type EnvironmentRecord, keyOf } from '../documents.ts'
import { FLUSH, pktLine } from './pkt-line.ts'
import { NO_COMMIT } from './read-push.ts'

const CAPABILITIES = 'report-status side-band-64k push-options ofs-delta object-format=sha1 agent=taskport'

const refOf = (environment: string): string => `refs/heads/${environment}`

/**
 * What a push is told of the project: a branch for each environment whose deployed commit was pushed. One from a client
 * without its whole history is not told of, for the next push must not count on what lies before it.
 */
export async function advertiseRefs(call: Call, project: string): Promise<Buffer> {
  const refs = await refsOf(call, project)
  const lines = refs.length === 0 ? [`${NO_COMMIT} capabilities^{}`] : refs.map(([ref, commit]) => `${commit} ${ref}`)
  return Buffer.concat([
    pktLine('# service=git-receive-pack\n'),
    FLUSH,
    ...lines.map((line, i) => pktLine(i === 0 ? `${line}\0${CAPABILITIES}\n` : `${line}\n`)),
    FLUSH,
  ])
}

/** Ref and commit, by name. */
export async function refsOf(call: Call, project: string): Promise<readonly (readonly [string, string])[]> {
  const query = { keyPrefix: `${keyOf(project)}/`, ascending: true }
  const found = await allDocuments<EnvironmentRecord>(call.engine, call.tenant, COLLECTIONS.environment, query)
  return found.flatMap(({ body: { name, deployment } }) =>
    deployment?.commit === undefined || deployment.commit.isShallow
      ? []
      : [[refOf(name), deployment.commit.id] as const],
  )
}
